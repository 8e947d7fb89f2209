/**
 * Account: who the gateway is to an authority: a key, and the address that the authority gave it. Main thread.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { keyPem, makeKeyPair } from '@sluice/certificates/make';
import { writeWhole } from '@sluice/core/whole-file';
import { readText } from './storage.ts';

export interface Account {
  readonly key: KeyObject;
  /** Null: it is not registered, as far as we know. */
  readonly url: string | null;
}

function accountFile(folder: string): string {
  return join(folder, 'account.json');
}

/** readAccount returns the account of a folder, made there if there is none. One that cannot be read is put aside. */
export async function readAccount(folder: string): Promise<Account> {
  const file = accountFile(folder);
  const text = await readText(file);
  if (text !== null) {
    const known = parse(text);
    if (known !== null) return known;
    await rename(file, `${file}.broken`);
  }
  const { privateKey } = await makeKeyPair('ecdsa');
  const account = { key: privateKey, url: null };
  await writeAccount(folder, account);
  return account;
}

export async function writeAccount(folder: string, { key, url }: Account): Promise<void> {
  await writeWhole(accountFile(folder), `${JSON.stringify({ key: keyPem(key), url }, null, 2)}\n`);
}

function parse(text: string): Account | null {
  try {
    const { key, url } = JSON.parse(text) as { readonly key: unknown; readonly url: unknown };
    const privateKey = createPrivateKey(String(key));
    const isRight = privateKey.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    return isRight ? { key: privateKey, url: typeof url === 'string' ? url : null } : null;
  } catch {
    return null;
  }
}
