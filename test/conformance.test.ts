import { conformance } from './conformance';
import { VERSIONS } from './support/versions';

for (const version of VERSIONS) conformance(version);
