/**
 * The table of everything that is refused about certificates, SP01xx. Main thread. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const certificateError = pluginErrors({
  // Files
  SP0101: {
    message: '{file}: {reason}',
    fix: 'Check the path, which is relative to the folder of the rule file, and make the file readable for the gateway’s user.',
  },
  SP0102: {
    message: '{file}: it is a folder: name a PEM file in it',
    fix: 'Name a file. For all certificates in a folder, write a pattern such as `cert "certs/*.pem"`.',
  },
  SP0103: { message: '{file}: it is not a file', fix: 'Name a regular file, not a device, pipe or socket.' },
  SP0104: {
    message: '{file}: it has {bytes} bytes, which is too large for a certificate or key',
    fix: 'Name the file of the certificate or key itself. Files of up to 1 MiB are read.',
  },
  SP0105: {
    message: '{file}: it is empty',
    fix: 'Create the file again: whatever wrote it was probably interrupted.',
  },
  // PEM
  SP0106: {
    message: '{file}: it is not PEM: PEM has lines such as `-----BEGIN CERTIFICATE-----`',
    fix: 'Name the PEM file. `openssl x509 -in FILE -text` shows how OpenSSL reads a file.',
  },
  SP0107: {
    message:
      '{file}: it is not PEM: it looks like DER, so convert it to PEM with `openssl x509 -inform der` or `openssl pkey`',
    fix: '`openssl x509 -inform der -in SITE.der -out SITE.pem` converts a certificate, `openssl pkey -inform der` a key.',
  },
  SP0108: {
    message: '{file}: it contains no certificate, only {held}',
    fix: 'Name the file with the certificate; the file with the key goes after `key`.',
  },
  SP0109: {
    message: '{file}: its certificate {number} is broken: {reason}',
    fix: 'Download the certificate from its authority again: this copy is damaged.',
  },
  // Keys
  SP0110: {
    message: '{file}: there is no private key in it: add one, or name its file with `key`',
    fix: 'Append the key to the certificate’s file, store it next to that file with the extension `.key`, or name it with `key "FILE"`.',
  },
  SP0111: {
    message: '{file}: there is no private key in it',
    fix: 'Name the file that contains `-----BEGIN PRIVATE KEY-----` or similar, not that of the public key or the request.',
  },
  SP0112: {
    message: '{key} is encrypted: add `password secret "NAME"`',
    fix: 'Store the password as a secret and name it, or decrypt the key with `openssl pkey -in OLD -out NEW`.',
  },
  SP0113: {
    message: '{key} cannot be decrypted with this password',
    fix: 'Check the value of the secret, including any line break at its end. `openssl pkey -in FILE` prompts for the password and tries it.',
  },
  SP0114: {
    message: '{key} is broken: {reason}',
    fix: 'Restore the key from a backup, or create a new key and have a certificate issued for it.',
  },
  SP0115: {
    message: '{file}: {key} belongs to certificate {number}, {name}: put that one first',
    fix: 'The site’s own certificate is the first one of the file; those of its authorities follow.',
  },
  SP0116: {
    message: '{file}: {key} does not match the certificate of {name}: use the key that it was issued for',
    fix: 'Name the key that the certificate was requested with. If it is lost, create a new key and have a certificate issued for it.',
  },
  // Dates
  SP0117: {
    message: '{file}: the certificate of {name} expired on {day}: renew it',
    fix: 'Renew the certificate. A `certificate from acme` line renews it automatically.',
  },
  SP0118: {
    message: "{file}: the certificate of {name} is not valid before {day}: check this machine's clock, or wait",
    fix: 'Compare `date -u` with the time in the message. If the clock is right, use the previous certificate until then.',
  },
  // Chains
  SP0119: {
    message:
      '{file}: certificate {issuerNumber}, {issuer}, did not issue certificate {number}, {name}: certificate {right} did, so put that one after it',
    fix: 'Put the certificates in order: the site’s own, then the one that issued it, and so on up to the root.',
  },
  SP0120: {
    message:
      '{file}: certificate {issuerNumber}, {issuer}, did not issue certificate {number}, {name}, which ends the chain: remove what comes after it',
    fix: 'A self-signed certificate is a root and ends the chain: remove those that follow.',
  },
  SP0121: {
    message:
      '{file}: certificate {issuerNumber}, {issuer}, did not issue certificate {number}, {name}: put the one of {right} there',
    fix: 'Download the missing certificate from the authority, which offers it as its chain or intermediate certificate.',
  },
  // OCSP responses
  SP0122: {
    message: 'OCSP response `{path}`: {reason}',
    fix: 'Make the file readable for the gateway’s user, or remove it: nothing is stapled without it.',
  },
  SP0123: {
    message:
      'OCSP response `{path}`: it is not an OCSP response: it should be DER, as written by `openssl ocsp -respout`',
    fix: 'Fetch it again with `openssl ocsp -respout FILE`, or remove the file.',
  },
  SP0124: {
    message: 'OCSP response `{path}`: it reports an error of the authority',
    fix: 'Fetch it again: the authority had no response at that time. Remove the file until it has one.',
  },
  SP0125: {
    message: 'OCSP response `{path}`: its type is unknown',
    fix: 'Fetch a basic OCSP response (RFC 6960), the only type that clients support.',
  },
  SP0126: {
    message: 'OCSP response `{path}`: it is for another certificate',
    fix: 'Fetch one for this certificate: each renewal needs a new one.',
  },
  SP0127: {
    message: 'OCSP response `{path}`: it says that the certificate is revoked or unknown',
    fix: 'The authority has revoked the certificate, or does not know it: get a new certificate.',
  },
  SP0128: {
    message: 'OCSP response `{path}`: it has no `nextUpdate`',
    fix: 'Fetch one with a `nextUpdate`: without it, there is no telling how long it may be used.',
  },
  SP0129: {
    message: 'OCSP response `{path}`: it expired at {time} UTC: fetch a new one',
    fix: 'Fetch a new one regularly, before the old one expires, or remove the file.',
  },
  // What OpenSSL makes of it
  SP0130: {
    message: '{file} is refused by OpenSSL: {reason}',
    fix: 'Usually the key is too short or the signature algorithm too old: have a certificate issued for an ECDSA key, or an RSA key of at least 2048 bits.',
  },
  SP0131: {
    message: '{file}: a PKCS#12 file contains its key: remove `key`',
    fix: 'Remove `key "FILE"`: the key in the PKCS#12 file is used.',
  },
  SP0132: { message: '{file}: there is no certificate in it', fix: 'Export the PKCS#12 file with its certificate.' },
  SP0133: {
    message: '{file}: it is a certificate in DER form: convert it to PEM with `openssl x509 -inform der`',
    fix: 'Convert it with `openssl x509 -inform der -in SITE.der -out SITE.pem`.',
  },
  SP0134: {
    message:
      '{file}: its ciphers are too old for OpenSSL: convert it with `openssl pkcs12 -legacy -in OLD | openssl pkcs12 -export -out NEW`',
    fix: 'Convert the file with the command in the message. Old programs encrypt PKCS#12 with RC2, which OpenSSL 3 no longer supports.',
  },
  SP0135: {
    message: '{file}: it cannot be decrypted with this password',
    fix: 'Check the value of the secret. `openssl pkcs12 -in FILE -noout` prompts for the password and tries it.',
  },
  SP0136: {
    message: '{file}: it needs a password: add `password secret "NAME"`',
    fix: 'Store the password of the PKCS#12 file as a secret and name it.',
  },
  SP0137: {
    message: '{file}: it is neither PEM nor PKCS#12: {reason}',
    fix: 'Name a PEM or PKCS#12 file, or download it again if it is damaged.',
  },
  // What is written in rules
  SP0138: {
    message: 'the password would be readable by others: write `password secret "NAME"`',
    fix: 'Store the password as a secret: plans and rule files are displayed, copied and archived.',
  },
  SP0139: {
    message: 'cert `{pattern}`: more than {most} files match',
    fix: 'Write a pattern that matches certificates only.',
  },
  SP0140: {
    message: 'cert `{pattern}`: no file matches',
    fix: 'Check the pattern, which is relative to the folder of the rule file, and make sure that the certificates exist before the gateway starts.',
  },
  // Clients
  SP0141: {
    message: '{file}: it is not PEM: convert DER to PEM with `openssl crl -inform der`',
    fix: 'Convert it with `openssl crl -inform der -in LIST.crl -out LIST.pem`.',
  },
  SP0142: {
    message: '{file}: it contains no certificate revocation list (X509 CRL)',
    fix: 'Name a file that contains `-----BEGIN X509 CRL-----`, as published by the authority.',
  },
  SP0143: {
    message: '{file}: a list in it expired at {time} UTC, and every client would be refused: fetch a new one',
    fix: 'Fetch the list regularly: the gateway notices a new file without a reload.',
  },
  SP0144: { message: '{file}: a list in it cannot be read', fix: 'Fetch the list again: this copy is damaged.' },
  SP0145: {
    message: '{file}: {name} is not an authority: name the certificate that signs those of the clients',
    fix: 'Name the certificate of the authority (CA:TRUE), not that of a client.',
  },
  // Making certificates
  SP0150: {
    message: '`{name}` is neither a hostname nor an IP address',
    fix: 'Write a name such as `www.example.com`, `*.example.com` or `10.0.0.1`, without a scheme, port or path.',
  },
  SP0151: {
    message: 'the certificate given for the authority is not a CA certificate',
    fix: 'Sign with the certificate of an authority (CA:TRUE), such as one created by `sluice cert ca`.',
  },
  SP0152: {
    message: 'the key of the authority does not match its certificate',
    fix: 'Name the key that belongs to the authority’s certificate.',
  },
  SP0153: {
    message: 'a key of type {kind} cannot sign here: use RSA or ECDSA',
    fix: 'Sign with an RSA or ECDSA key: few clients accept any other signatures.',
  },
});
