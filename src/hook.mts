import './hook.js';
