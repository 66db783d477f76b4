import { conformance, conformanceTable } from './conformance';
import { IOREDIS_VERSIONS, LEGACY_VERSIONS, VERSIONS } from './support/versions';

const ALL = [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_VERSIONS];

describe('conformance', () => {
  after(() => console.log(conformanceTable(ALL)));
  for (const version of ALL) conformance(version);
});
