// A private Sigstore instance over HTTP from the sigstore-js authors' mock services: Fulcio, Rekor v1, a TSA, and the
// OIDC endpoint of a CI job. Prints one JSON line with its address, trusted root and client trust configuration.
'use strict';
const crypto = require('crypto');
const http = require('http');
const jose = require('jose');
const pkijs = require('pkijs');
const mock = require('@sigstore/mock');
const { TrustedRoot, HashAlgorithm, PublicKeyDetails } = require('@sigstore/protobuf-specs');

const WORKFLOW = 'summit/app/.github/workflows/release.yml@refs/heads/main';
const CLAIMS = {
  repository: 'summit/app',
  repository_id: '2',
  repository_owner: 'summit',
  repository_owner_id: '1',
  repository_visibility: 'private',
  event_name: 'push',
  ref: 'refs/heads/main',
  sha: 'b'.repeat(40),
  workflow: 'release',
  workflow_ref: WORKFLOW,
  workflow_sha: 'b'.repeat(40),
  job_workflow_ref: WORKFLOW,
  job_workflow_sha: 'b'.repeat(40),
  runner_environment: 'github-hosted',
  run_id: '42',
  run_attempt: '1',
  san: `https://github.com/${WORKFLOW}`,
};
const ISSUER = 'https://token.actions.githubusercontent.com';

const sha256 = (data) => crypto.createHash('sha256').update(data).digest();
const keyPair = () => crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

const readBody = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

async function start(server, url) {
  const keys = { ca: keyPair(), ct: keyPair(), log: keyPair(), tsa: keyPair(), oidc: keyPair() };
  const ca = await mock.initializeCA(keys.ca, await mock.initializeCTLog(keys.ct));
  const fulcio = mock.fulcioHandler(ca, { strict: true, subjectClaim: 'san' });
  const rekor = mock.rekorHandler(await mock.initializeTLog(url, keys.log), { strict: true });
  const tsa = await mock.initializeTSA(keys.tsa);

  const validFor = { start: new Date(Date.now() - 60000) };
  const log = ({ publicKey }) => {
    const rawBytes = publicKey.export({ type: 'spki', format: 'der' });
    return {
      baseUrl: url,
      hashAlgorithm: HashAlgorithm.SHA2_256,
      logId: { keyId: sha256(rawBytes) },
      publicKey: { rawBytes, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor },
      operator: 'test',
    };
  };
  const authority = (...certificates) => ({
    subject: { commonName: 'test', organization: 'test' },
    uri: url,
    certChain: { certificates: certificates.map((der) => ({ rawBytes: Buffer.from(der) })) },
    validFor,
    operator: 'test',
  });
  const trustedRoot = TrustedRoot.toJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    certificateAuthorities: [authority(ca.rootCertificate)],
    ctlogs: [log(keys.ct)],
    tlogs: [log(keys.log)],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  });
  const service = (path) => ({
    url: url + path,
    majorApiVersion: 1,
    validFor: { start: validFor.start.toISOString() },
    operator: 'test',
  });
  const trustConfig = (tsaPath) => ({
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot,
    signingConfig: {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service('')],
      oidcUrls: [service('')],
      rekorTlogUrls: [service('')],
      tsaUrls: [service(tsaPath)],
      rekorTlogConfig: { selector: 'ANY' },
      tsaConfig: { selector: 'ANY' },
    },
  });

  const token = (audience, claims) =>
    new jose.SignJWT({ ...CLAIMS, ...claims })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(ISSUER)
      .setSubject('repo:summit/app:ref:refs/heads/main')
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(keys.oidc.privateKey);

  const stamp = async (body, replay) => {
    const query = pkijs.TimeStampReq.fromBER(body);
    const request = {
      artifactHash: Buffer.from(query.messageImprint.hashedMessage.valueBlock.valueHexView),
      hashAlgorithmOID: query.messageImprint.hashAlgorithm.algorithmId,
      nonce: 1,
      policyOID: '1.3.6.1.4.1.57264.2',
      certReq: Boolean(query.certReq),
    };
    if (!replay) {
      // The mock builds the nonce from a number; ours has 64 bits, so it is put in as it came.
      const info = tsa.tstInfo.bind(tsa);
      tsa.tstInfo = (r) => Object.assign(info(r), { nonce: query.nonce });
      try {
        return await withoutShortFraction(() => tsa.timestamp(request));
      } finally {
        tsa.tstInfo = info;
      }
    }
    return withoutShortFraction(() => tsa.timestamp(request));
  };

  // sigstore-js reads a fraction of a second only with three digits, DER drops trailing zeros: ask again.
  const withoutShortFraction = async (make) => {
    for (;;) {
      const response = await make();
      if (!/\d{14}\.\d{1,2}Z/.test(response.toString('latin1'))) return response;
    }
  };

  const routes = {
    'GET /oidc': async (request, body, at) => {
      if (request.headers.authorization !== 'bearer test-request-token') return { statusCode: 401, response: 'no' };
      const claims = JSON.parse(at.searchParams.get('claims') || '{}');
      return { statusCode: 200, response: JSON.stringify({ value: await token(at.searchParams.get('audience'), claims) }) };
    },
    'POST /api/v2/signingCert': async (request, body) => {
      const order = JSON.parse(body);
      if (!order.credentials) {
        const oidcIdentityToken = request.headers.authorization.replace(/^Bearer /, '');
        order.credentials = { oidcIdentityToken };
        order.certificateSigningRequest = Buffer.from(order.certificateSigningRequest, 'base64').toString();
      }
      await jose.jwtVerify(order.credentials.oidcIdentityToken, keys.oidc.publicKey, { audience: 'sigstore' });
      return fulcio.fn(JSON.stringify(order));
    },
    'POST /api/v1/log/entries': async (request, body) => {
      const entry = JSON.parse(body);
      if (entry.kind === 'dsse' && entry.spec.proposedContent) {
        // Rekor logs the canonical form of what was proposed; the mock logs what it is given.
        const canonical = (pem) => {
          const text = Buffer.from(pem, 'base64').toString();
          const again = text.includes('CERTIFICATE') ? new crypto.X509Certificate(text).toString() : text;
          return Buffer.from(again).toString('base64');
        };
        const { envelope, verifiers } = entry.spec.proposedContent;
        const parsed = JSON.parse(envelope);
        entry.spec = {
          envelopeHash: { algorithm: 'sha256', value: sha256(envelope).toString('hex') },
          payloadHash: { algorithm: 'sha256', value: sha256(Buffer.from(parsed.payload, 'base64')).toString('hex') },
          signatures: parsed.signatures.map(({ sig }, i) => ({ signature: sig, verifier: canonical(verifiers[i]) })),
        };
      } else if (entry.kind === 'intoto') {
        delete entry.spec.content.envelope.payload;
      }
      return rekor.fn(JSON.stringify(entry));
    },
    'POST /api/v1/timestamp': async (request, body) => ({ statusCode: 201, response: await stamp(body, false) }),
    'POST /replay/api/v1/timestamp': async (request, body) => ({ statusCode: 201, response: await stamp(body, true) }),
  };

  server.on('request', async (request, response) => {
    const at = new URL(request.url, url);
    const route = routes[`${request.method} ${at.pathname}`];
    try {
      const answer = route ? await route(request, await readBody(request), at) : { statusCode: 404, response: 'no' };
      response.writeHead(answer.statusCode, { 'content-type': answer.contentType || 'application/octet-stream' });
      response.end(answer.response);
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  console.log(
    JSON.stringify({
      url,
      trustedRoot,
      trustConfig: trustConfig('/api/v1/timestamp'),
      replayConfig: trustConfig('/replay/api/v1/timestamp'),
      identity: CLAIMS.san,
      issuer: ISSUER,
      run: 'https://github.com/summit/app/actions/runs/42/attempts/1',
    })
  );
}

process.stdin.resume().on('end', () => process.exit(0)); // dies with the test that started it
const server = http.createServer().listen(0, '127.0.0.1', () => {
  start(server, `http://127.0.0.1:${server.address().port}`);
});
