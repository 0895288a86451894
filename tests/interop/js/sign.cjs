// Sign a statement with npm's own client against a private instance; stdin: {url, token, payload (base64), entryType}.
'use strict';
const { DSSEBundleBuilder, FulcioSigner, RekorWitness } = require('@sigstore/sign');
const { bundleToJSON } = require('@sigstore/bundle');

(async () => {
  const { url, token, payload, entryType } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const builder = new DSSEBundleBuilder({
    signer: new FulcioSigner({ fulcioBaseURL: url, identityProvider: { getToken: async () => token } }),
    witnesses: [new RekorWitness({ rekorBaseURL: url, entryType })],
  });
  const data = Buffer.from(payload, 'base64');
  const bundle = await builder.create({ data, type: 'application/vnd.in-toto+json' });
  process.stdout.write(JSON.stringify(bundleToJSON(bundle)));
})();
