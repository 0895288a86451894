// Judge bundles with @sigstore/verify; stdin: [{bundle, key?, hint?, trustedRoot?, identity?, issuer?}], stdout: verdicts.
// A subjectAlternativeName is a regular expression there, so an exact identity is escaped and anchored.
'use strict';
const crypto = require('crypto');
const { bundleFromJSON } = require('@sigstore/bundle');
const { TrustedRoot } = require('@sigstore/protobuf-specs');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const EMPTY = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const exactly = (text) => `^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;

const judge = ({ bundle, key, hint, trustedRoot, identity, issuer }) => {
  try {
    const root = trustedRoot ? TrustedRoot.fromJSON(trustedRoot) : EMPTY;
    const findKey = (name) => {
      if (name !== hint) throw new Error(`unknown key ${name}`);
      return { publicKey: crypto.createPublicKey(key), validFor: () => true };
    };
    const threshold = identity ? 1 : 0;
    const verifier = new Verifier(toTrustMaterial(root, findKey), {
      tlogThreshold: threshold,
      ctlogThreshold: threshold,
      timestampThreshold: threshold,
    });
    const policy = identity ? { subjectAlternativeName: exactly(identity), extensions: { issuer } } : undefined;
    verifier.verify(toSignedEntity(bundleFromJSON(bundle)), policy);
    return { accepted: true };
  } catch (error) {
    return { accepted: false, error: `${error.code || error.name}: ${error.message}` };
  }
};
process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(judge)));
