/**
 * Octets: what each byte may be in an HTTP/1 head, as tables. Hot path; data plane.
 *
 * Sources: RFC 9110 section 5.6.2 (tokens) and 5.5 (field values), RFC 9112 section 3.2 and RFC 3986 (targets).
 */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

/** May stand in a token: header names, methods. */
export const IS_TOKEN = new Uint8Array(256);
/**
 * An octet of a field's name as FOLDED has it, with ODD_OCTET for one of a token that is no letter, digit or hyphen, and that some servers
 * take for a hyphen; 0: it is not allowed there.
 */
export const NAME_OCTET = new Uint16Array(256);
export const ODD_OCTET = 0x100;
/** The octet in lower case, and `-` for every one that is no letter and no digit. */
export const FOLDED = new Uint8Array(256);
/** May stand in a field value: visible ASCII, blank, tab, and 0x80 to 0xff. */
export const IS_VALUE = new Uint8Array(256);
/** May stand in a request target: visible ASCII but `#`, `\`. Nothing above 0x7e. */
export const IS_TARGET = new Uint8Array(256);
/** The byte in lower case. */
export const LOWER = new Uint8Array(256);
/** The value of a hexadecimal digit, or 255. */
export const HEX = new Uint8Array(256).fill(255);

for (let octet = 0; octet < 256; octet++) {
  const char = String.fromCharCode(octet);
  if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) IS_TOKEN[octet] = 1;
  if (octet === HTAB || (octet >= SP && octet !== 0x7f)) IS_VALUE[octet] = 1;
  if (octet > SP && octet < 0x7f && char !== '#' && char !== '\\') IS_TARGET[octet] = 1;
  FOLDED[octet] = /[0-9A-Za-z]/.test(char) ? char.toLowerCase().charCodeAt(0) : 0x2d;
  if (IS_TOKEN[octet] === 1) NAME_OCTET[octet] = FOLDED[octet]! | (/[0-9A-Za-z-]/.test(char) ? 0 : ODD_OCTET);
  LOWER[octet] = octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet;
  if (/[0-9A-Fa-f]/.test(char)) HEX[octet] = Number.parseInt(char, 16);
}
