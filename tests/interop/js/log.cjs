// A transparency log as Rekor v2 keeps it: an RFC 6962 tree, of which every entry takes home its proof under a C2SP
// checkpoint signed with Ed25519. Sources: RFC 6962 section 2.1, C2SP tlog-checkpoint and signed-note, rekor-tiles' API.
'use strict';
const crypto = require('crypto');

const ORIGIN = 'log.summit.example';
const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();

const canonical = (value) => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
};

const split = (count) => 2 ** Math.floor(Math.log2(count - 1));
const rootOf = (leaves) => {
  if (leaves.length === 1) return leaves[0];
  const k = split(leaves.length);
  return sha256(Buffer.from([1]), rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
};
const pathTo = (index, leaves) => {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...pathTo(index, leaves.slice(0, k)), rootOf(leaves.slice(k))]
    : [...pathTo(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
};

class Log {
  constructor() {
    this.leaves = [];
    const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
    this.privateKey = privateKey;
    this.publicKey = publicKey.export({ type: 'spki', format: 'der' });
    this.id = sha256(Buffer.from(`${ORIGIN}\n\x01`), this.publicKey.subarray(-32));
  }

  // What POST /api/v2/log/entries answers, or a refusal.
  add(body) {
    const { hashedRekordRequestV002: asked } = JSON.parse(body);
    const data = { algorithm: 'SHA2_256', digest: asked.digest };
    const spec = { hashedRekordV002: { data, signature: asked.signature } };
    const entry = Buffer.from(canonical({ apiVersion: '0.0.2', kind: 'hashedrekord', spec }));
    const index = this.leaves.push(sha256(Buffer.from([0]), entry)) - 1;
    const size = this.leaves.length;
    const root = rootOf(this.leaves).toString('base64');
    const note = `${ORIGIN}\n${size}\n${root}\n`;
    const signed = Buffer.concat([this.id.subarray(0, 4), crypto.sign(null, Buffer.from(note), this.privateKey)]);
    return {
      logIndex: String(index),
      logId: { keyId: this.id.toString('base64') },
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      inclusionProof: {
        logIndex: String(index),
        rootHash: root,
        treeSize: String(size),
        hashes: pathTo(index, this.leaves).map((hash) => hash.toString('base64')),
        checkpoint: { envelope: `${note}\n\u2014 ${ORIGIN} ${signed.toString('base64')}\n` },
      },
      canonicalizedBody: entry.toString('base64'),
    };
  }
}

module.exports = { Log, ORIGIN };
