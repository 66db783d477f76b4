// Knows: which codes of errors are Node's, or those of a client library.
// Must not know: texts of errors, spans, metrics.
import { getSystemErrorMap } from 'node:util';
import { FewNames } from '../core/few-names';
import { PREFIXES } from './sentences';

/** https://nodejs.org/api/errors.html#nodejs-error-codes: what sockets, streams and listeners are likely to meet. */
const GENERAL =
  'ABORT_ERR ERR_ASSERTION ERR_BUFFER_OUT_OF_BOUNDS ERR_BUFFER_TOO_LARGE ERR_HTTP_HEADERS_SENT ' +
  'ERR_INVALID_ADDRESS ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_IP_ADDRESS ERR_INVALID_STATE ' +
  'ERR_INVALID_THIS ERR_INVALID_URL ERR_IPC_CHANNEL_CLOSED ERR_METHOD_NOT_IMPLEMENTED ERR_MISSING_ARGS ' +
  'ERR_MODULE_NOT_FOUND ERR_OPERATION_FAILED ERR_OUT_OF_RANGE ERR_PROXY_TUNNEL ERR_REQUIRE_ESM ' +
  'ERR_STRING_TOO_LONG ERR_UNESCAPED_CHARACTERS ERR_UNHANDLED_ERROR ERR_UNKNOWN_ENCODING ERR_USE_AFTER_CLOSE ' +
  'ERR_WORKER_OUT_OF_MEMORY MODULE_NOT_FOUND';

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATES =
  'CERT_CHAIN_TOO_LONG CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REJECTED CERT_REVOKED CERT_SIGNATURE_FAILURE ' +
  'CERT_UNTRUSTED CRL_HAS_EXPIRED CRL_NOT_YET_VALID CRL_SIGNATURE_FAILURE DEPTH_ZERO_SELF_SIGNED_CERT ' +
  'ERROR_IN_CERT_NOT_AFTER_FIELD ERROR_IN_CERT_NOT_BEFORE_FIELD ERROR_IN_CRL_LAST_UPDATE_FIELD ' +
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD HOSTNAME_MISMATCH INVALID_CA INVALID_PURPOSE OUT_OF_MEM PATH_LENGTH_EXCEEDED ' +
  'SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY UNABLE_TO_DECRYPT_CERT_SIGNATURE ' +
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE UNABLE_TO_GET_CRL UNABLE_TO_GET_ISSUER_CERT ' +
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE';

/** Of redis 2 and 3. */
const CLIENT = 'CONNECTION_BROKEN NR_CLOSED NR_FATAL UNCERTAIN_STATE';

/** Families of codes, of which Node.js and its OpenSSL add to one or the other with each version. */
const FAMILIES = /^ERR_(?:OSSL|SOCKET|SSL|STREAM|TLS)_[A-Z0-9_]{1,60}$/;

const ofFamilies = new FewNames(100);

let codes: ReadonlySet<string> | undefined;

/**
 * Whether a code is one that Node.js, Redis or its client makes; any other is the application's, and may have no end.
 */
export function isKnownCode(code: string): boolean {
  // Not before something has failed.
  codes ??= knownCodes();
  return codes.has(code) || (FAMILIES.test(code) && ofFamilies.admits(code));
}

function knownCodes(): Set<string> {
  const system = [...getSystemErrorMap().values()].map(([name]) => name);
  // Loaded on first use, as it takes a twentieth of the time to load this package.
  const dns = require('node:dns') as typeof import('node:dns');
  const lookups = Object.values(dns).filter((value) => typeof value === 'string');
  return new Set([...system, ...lookups, ...PREFIXES, ...`${GENERAL} ${CERTIFICATES} ${CLIENT}`.split(' ')]);
}
