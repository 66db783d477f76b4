'use strict';
require('newrelic');
