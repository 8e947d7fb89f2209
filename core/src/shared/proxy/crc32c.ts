/**
 * Crc32c: the checksum of the PROXY protocol (section 2.2.3 of its specification; the polynomial of RFC 3720). Both planes.
 */
let table: Uint32Array | null = null;

/** crc32c of the bytes, where the four from `zerosAt` on count as zeros: the checksum's own place. */
export function crc32c(bytes: Uint8Array, zerosAt: number): number {
  table ??= Uint32Array.from({ length: 256 }, (_, octet) => {
    let crc = octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? 0x82f63b78 ^ (crc >>> 1) : crc >>> 1;
    return crc;
  });
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) {
    const octet = at >= zerosAt && at < zerosAt + 4 ? 0 : bytes[at]!;
    crc = table[(crc ^ octet) & 255]! ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
