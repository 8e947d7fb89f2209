/**
 * The table of everything that is refused about certificates, SP01xx. Main thread. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const certificateError = pluginErrors({
  // Files
  SP0101: {
    message: '{file}: {reason}',
    fix: 'Check the path, which is relative to the folder of the rule file, and let the user that runs the gateway read the file.',
  },
  SP0102: {
    message: '{file}: it is a folder: name a PEM file in it',
    fix: 'Name a file. For all certificates in a folder, write a pattern such as `cert "certs/*.pem"`.',
  },
  SP0103: { message: '{file}: it is not a file', fix: 'Name a regular file, not a device, pipe or socket.' },
  SP0104: {
    message: '{file}: it has {bytes} bytes, which no certificate or key has',
    fix: 'Name the file of the certificate or key itself. Files of up to 1 MiB are read.',
  },
  SP0105: {
    message: '{file}: it is empty',
    fix: 'Write the file again: whatever makes it was probably interrupted.',
  },
  // PEM
  SP0106: {
    message: '{file}: it is not PEM: PEM has lines such as `-----BEGIN CERTIFICATE-----`',
    fix: 'Name the PEM file. `openssl x509 -in FILE -text` shows what OpenSSL makes of a file.',
  },
  SP0107: {
    message:
      '{file}: it is not PEM: it looks like DER, so turn it into PEM with `openssl x509 -inform der` or `openssl pkey`',
    fix: '`openssl x509 -inform der -in SITE.der -out SITE.pem` converts a certificate, `openssl pkey -inform der` a key.',
  },
  SP0108: {
    message: '{file}: there is no certificate in it, only {held}',
    fix: 'Name the file with the certificate; the file of the key belongs behind `key`.',
  },
  SP0109: {
    message: '{file}: its certificate {number} is broken: {reason}',
    fix: 'Get the certificate from its authority again: this copy is damaged.',
  },
  // Keys
  SP0110: {
    message: '{file}: there is no private key in it: add one, or name its file with `key`',
    fix: 'Append the key to the certificate’s file, put it beside it with the ending `.key`, or name it with `key "FILE"`.',
  },
  SP0111: {
    message: '{file}: there is no private key in it',
    fix: 'Name the file that has `-----BEGIN PRIVATE KEY-----` or the like in it, not that of the public key or the request.',
  },
  SP0112: {
    message: '{key} is encrypted: add `password secret "NAME"`',
    fix: 'Put the password into a secret and name it, or decrypt the key with `openssl pkey -in OLD -out NEW`.',
  },
  SP0113: {
    message: '{key} does not open with this password',
    fix: 'Check the value of the secret, a line end included. `openssl pkey -in FILE` asks for the password and tries it.',
  },
  SP0114: {
    message: '{key} is broken: {reason}',
    fix: 'Restore the key from a copy, or make a new key and have a new certificate issued for it.',
  },
  SP0115: {
    message: '{file}: {key} belongs to certificate {number}, {name}: put that one first',
    fix: 'The site’s own certificate is the first one of the file; those of its authorities follow.',
  },
  SP0116: {
    message: '{file}: {key} does not match the certificate of {name}: use the key that it was made with',
    fix: 'Name the key that the certificate was requested with. If it is lost, make a new key and have a certificate issued for it.',
  },
  // Dates
  SP0117: {
    message: '{file}: the certificate of {name} expired on {day}: renew it',
    fix: 'Renew the certificate. A `certificate from acme` line renews it automatically.',
  },
  SP0118: {
    message: "{file}: the certificate of {name} is not valid before {day}: look at this machine's clock, or wait",
    fix: 'Compare `date -u` with the time that is shown. If the clock is right, use the previous certificate until then.',
  },
  // Chains
  SP0119: {
    message:
      '{file}: certificate {issuerNumber}, {issuer}, did not issue certificate {number}, {name}: certificate {right} did, so put that one behind it',
    fix: 'Put the certificates in order: the site’s own, then the one that issued it, and so on up to the root.',
  },
  SP0120: {
    message:
      '{file}: certificate {issuerNumber}, {issuer}, did not issue certificate {number}, {name}, which ends the chain: take out what is behind it',
    fix: 'A certificate that signed itself is a root, and the chain ends with it: remove those that follow.',
  },
  SP0121: {
    message:
      '{file}: certificate {issuerNumber}, {issuer}, did not issue certificate {number}, {name}: put the one of {right} there',
    fix: 'Get the missing certificate from the authority, which offers it as its chain or intermediate certificate.',
  },
  // OCSP responses
  SP0122: {
    message: 'OCSP answer `{path}`: {reason}',
    fix: 'Let the user that runs the gateway read the file, or remove it: without it nothing is stapled.',
  },
  SP0123: {
    message: 'OCSP answer `{path}`: it is not an OCSP answer: it should be DER, as `openssl ocsp -respout` writes it',
    fix: 'Fetch it again with `openssl ocsp -respout FILE`, or remove the file.',
  },
  SP0124: {
    message: 'OCSP answer `{path}`: it is a refusal of the authority',
    fix: 'Ask again: the authority had no response at that time. Remove the file until it has one.',
  },
  SP0125: {
    message: 'OCSP answer `{path}`: its kind is unknown',
    fix: 'Fetch a basic OCSP response (RFC 6960), the only kind that clients understand.',
  },
  SP0126: {
    message: 'OCSP answer `{path}`: it is for another certificate',
    fix: 'Fetch one for this certificate: each renewal needs a new one.',
  },
  SP0127: {
    message: 'OCSP answer `{path}`: it says that the certificate is not good',
    fix: 'The authority has revoked the certificate, or does not know it: get a new certificate.',
  },
  SP0128: {
    message: 'OCSP answer `{path}`: it does not say when the next one is due',
    fix: 'Fetch one with a `nextUpdate`: without it nobody knows how long it may be used.',
  },
  SP0129: {
    message: 'OCSP answer `{path}`: it was good until {time} UTC: fetch a new one',
    fix: 'Fetch a new one regularly, before the old one expires, or remove the file.',
  },
  // What OpenSSL makes of it
  SP0130: {
    message: '{file} is refused by OpenSSL: {reason}',
    fix: 'Most often the key is too short, or the signature too old: have a certificate issued for an ECDSA key, or RSA with 2048 bits or more.',
  },
  SP0131: {
    message: '{file}: a PKCS#12 file holds its key: take out `key`',
    fix: 'Remove `key "FILE"`: the key in the PKCS#12 file is used.',
  },
  SP0132: { message: '{file}: there is no certificate in it', fix: 'Export the PKCS#12 file with its certificate.' },
  SP0133: {
    message: '{file}: it is a certificate as DER: turn it into PEM with `openssl x509 -inform der`',
    fix: 'Convert it with `openssl x509 -inform der -in SITE.der -out SITE.pem`.',
  },
  SP0134: {
    message:
      '{file}: its ciphers are too old for OpenSSL: write it anew with `openssl pkcs12 -legacy -in OLD | openssl pkcs12 -export -out NEW`',
    fix: 'Convert the file with the command that is shown. Old programs write PKCS#12 with RC2, which OpenSSL 3 no longer reads.',
  },
  SP0135: {
    message: '{file}: it does not open with this password',
    fix: 'Check the value of the secret. `openssl pkcs12 -in FILE -noout` asks for the password and tries it.',
  },
  SP0136: {
    message: '{file}: it needs a password: add `password secret "NAME"`',
    fix: 'Put the password of the PKCS#12 file into a secret and name it.',
  },
  SP0137: {
    message: '{file}: it is neither PEM nor PKCS#12: {reason}',
    fix: 'Name a PEM or PKCS#12 file, or get it again if it is damaged.',
  },
  // What is written in rules
  SP0138: {
    message: 'the password would stand where others can read it: write `password secret "NAME"`',
    fix: 'Put the password into a secret: plans and rule files are shown, copied and kept.',
  },
  SP0139: {
    message: 'cert `{pattern}`: more than {most} files have such names',
    fix: 'Write a pattern that matches certificates only.',
  },
  SP0140: {
    message: 'cert `{pattern}`: no file has such a name',
    fix: 'Check the pattern, which is relative to the folder of the rule file, and that certificates are there before the gateway starts.',
  },
  // Clients
  SP0141: {
    message: '{file}: it is not PEM: turn DER into PEM with `openssl crl -inform der`',
    fix: 'Convert it with `openssl crl -inform der -in LIST.crl -out LIST.pem`.',
  },
  SP0142: {
    message: '{file}: there is no list of revoked certificates (X509 CRL) in it',
    fix: 'Name a file with `-----BEGIN X509 CRL-----` in it, which the authority publishes.',
  },
  SP0143: {
    message:
      '{file}: a list in it was good until {time} UTC, and with it every client would be refused: fetch a new one',
    fix: 'Fetch the list regularly: the gateway notices a new file without a reload.',
  },
  SP0144: { message: '{file}: a list in it cannot be read', fix: 'Fetch the list again: this copy is damaged.' },
  SP0145: {
    message: "{file}: {name} is no authority: name the certificate that signs the clients' own",
    fix: 'Name the certificate of the authority (CA:TRUE), not that of a client.',
  },
  // Making certificates
  SP0150: {
    message: '`{name}` is neither the name of a host nor an address',
    fix: 'Write such as `www.example.com`, `*.example.com` or `10.0.0.1`, without a scheme, port or path.',
  },
  SP0151: {
    message: 'the certificate of the authority is not one of an authority',
    fix: 'Sign with the certificate of an authority (CA:TRUE), such as `sluice cert ca` makes.',
  },
  SP0152: {
    message: 'the key of the authority does not match its certificate',
    fix: 'Name the key that the authority’s certificate was made with.',
  },
  SP0153: {
    message: 'a key of the kind {kind} cannot sign here: take RSA or ECDSA',
    fix: 'Sign with an RSA or ECDSA key: few clients accept certificates that are signed otherwise.',
  },
});
