import { conformance, conformanceTable } from './conformance';
import { ALL_VERSIONS } from './support/versions';

describe('conformance', () => {
  after(() => console.log(conformanceTable(ALL_VERSIONS)));
  for (const version of ALL_VERSIONS) conformance(version);
});
