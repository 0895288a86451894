// A private Sigstore instance over HTTP from the sigstore-js authors' mock services: Fulcio, Rekor v1, a TSA, and the
// OIDC endpoint of a CI job; Rekor v2 is ours (log.cjs), the mock's not being canonical. Prints one JSON line with its address, trusted root and client trust configuration.
// At other ports the services misbehave, each in its own way: they fail (see FAULTS), answer with keys that the trusted
// root does not know (`other`), certify somebody else (`impostor`), or stamp and log what came first (`replay`).
'use strict';
const crypto = require('crypto');
const http = require('http');
const jose = require('jose');
const pkijs = require('pkijs');
const mock = require('@sigstore/mock');
const { Log, ORIGIN } = require('./log.cjs');
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
const RUN_INVOCATION = '1.3.6.1.4.1.57264.1.21';
const ISSUERS = ['1.3.6.1.4.1.57264.1.1', '1.3.6.1.4.1.57264.1.8'];
const FAULTS = {
  500: (response) => response.writeHead(500).end('{"code":13,"message":"internal"}'),
  429: (response) => response.writeHead(429).end(),
  redirect: (response) => response.writeHead(302, { location: '/nowhere' }).end(),
  garbage: (response) => response.writeHead(201, { 'content-type': 'application/json' }).end('\u0000{"a":'),
  empty: (response) => response.writeHead(201).end(),
  object: (response) => response.writeHead(201, { 'content-type': 'application/json' }).end('{}'),
  cut: (response) => response.writeHead(201, { 'content-length': '1000' }).write('{"signedCert', () => response.destroy()),
  close: (response) => response.socket.destroy(),
  noise: (response) => response.socket.end('no HTTP\r\n\r\n'),
  hang: () => {},
};

const sha256 = (data) => crypto.createHash('sha256').update(data).digest();
const keyPair = () => crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

const readBody = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

async function start(server, url) {
  const keys = { ca: keyPair(), ct: keyPair(), log: keyPair(), tsa: keyPair(), oidc: keyPair() };
  const services = async (keys) => ({
    ca: await mock.initializeCA(keys.ca, await mock.initializeCTLog(keys.ct)),
    rekor: mock.rekorHandler(await mock.initializeTLog(url, keys.log), { strict: true }),
    tsa: await mock.initializeTSA(keys.tsa),
  });
  const own = await services(keys);
  const other = await services({ ca: keyPair(), ct: keys.ct, log: keyPair(), tsa: keyPair() });
  const { ca, tsa } = own;
  const tiles = { own: new Log(), other: new Log() };
  let firstEntry, firstTiled;

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
    tlogs: [
      log(keys.log),
      {
        baseUrl: `https://${ORIGIN}`,
        hashAlgorithm: HashAlgorithm.SHA2_256,
        logId: { keyId: tiles.own.id },
        publicKey: { rawBytes: tiles.own.publicKey, keyDetails: PublicKeyDetails.PKIX_ED25519, validFor },
        operator: 'test',
      },
    ],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  });
  const service = (path) => ({
    url: url + path,
    majorApiVersion: 1,
    validFor: { start: validFor.start.toISOString() },
    operator: 'test',
  });
  const trustConfig = {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
    trustedRoot,
    signingConfig: {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service('')],
      oidcUrls: [service('')],
      rekorTlogUrls: [service('')],
      tsaUrls: [service('/api/v1/timestamp')],
      rekorTlogConfig: { selector: 'ANY' },
      tsaConfig: { selector: 'ANY' },
    },
  };

  // `claims` are added to those of the GitHub job; with an `iss` of their own they are another CI's, and all there is.
  const token = (audience, claims, expires) =>
    new jose.SignJWT(claims.iss ? claims : { ...CLAIMS, ...claims, iss: ISSUER })
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject(claims.sub || 'repo:summit/app:ref:refs/heads/main')
      .setAudience(audience)
      .setIssuedAt(Math.floor(Date.now() / 1000) + Math.min(0, expires - 300))
      .setExpirationTime(Math.floor(Date.now() / 1000) + expires)
      .sign(keys.oidc.privateKey);

  // Fulcio writes the run of every CI it knows into the certificate; the mock does so for GitHub alone.
  const certify = async (ca, body) => {
    const order = JSON.parse(body);
    const claims = jose.decodeJwt(order.credentials.oidcIdentityToken);
    if (!claims.run) return mock.fulcioHandler(ca, { strict: true, subjectClaim: 'san' }).fn(body);
    const der = Buffer.from(order.certificateSigningRequest.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const certificate = await ca.issueCertificate({
      publicKey: Buffer.from(pkijs.CertificationRequest.fromBER(der).subjectPublicKeyInfo.toSchema().toBER()),
      subjectAltName: claims.san,
      extensions: [
        { oid: ISSUERS[0], value: claims.iss, legacy: true },
        { oid: ISSUERS[1], value: claims.iss },
        { oid: RUN_INVOCATION, value: claims.run },
      ],
    });
    const pem = (der) => new crypto.X509Certificate(der).toString();
    const chain = { certificates: [pem(certificate), pem(ca.rootCertificate)] };
    const response = JSON.stringify({ signedCertificateEmbeddedSct: { chain } });
    return { statusCode: 201, response, contentType: 'application/json' };
  };

  const stamp = async (tsa, body, replay) => {
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
      const value = await token(at.searchParams.get('audience'), claims, Number(at.searchParams.get('expires') || 300));
      return { statusCode: 200, response: JSON.stringify({ value }) };
    },
    'POST /api/v2/signingCert': async (request, body, at, mode) => {
      const order = JSON.parse(body);
      if (!order.credentials) {
        const oidcIdentityToken = request.headers.authorization.replace(/^Bearer /, '');
        order.credentials = { oidcIdentityToken };
        if (order.certificateSigningRequest)
          order.certificateSigningRequest = Buffer.from(order.certificateSigningRequest, 'base64').toString();
      }
      await jose.jwtVerify(order.credentials.oidcIdentityToken, keys.oidc.publicKey, { audience: 'sigstore' });
      if (mode === 'impostor') {
        const san = 'https://github.com/intruder/app/.github/workflows/release.yml@refs/heads/main';
        order.credentials.oidcIdentityToken = await token('sigstore', { san }, 300);
      }
      const answer = await certify(mode === 'other' ? other.ca : ca, JSON.stringify(order));
      return { ...answer, statusCode: answer.statusCode === 201 ? 200 : answer.statusCode }; // as Fulcio has it
    },
    'POST /api/v1/log/entries': async (request, body, at, mode) => {
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
      const answer = await (mode === 'other' ? other : own).rekor.fn(JSON.stringify(entry));
      if (answer.statusCode === 201) {
        const [uuid] = Object.keys(JSON.parse(answer.response)); // Rekor's Go client looks it up by these
        answer.headers = { etag: uuid, location: `/api/v1/log/entries/${uuid}` };
        firstEntry ||= answer;
      }
      return mode === 'replay' ? firstEntry : answer;
    },
    'POST /api/v2/log/entries': async (request, body, at, mode) => {
      const answer = (mode === 'other' ? tiles.other : tiles.own).add(body);
      firstTiled ||= answer;
      const response = JSON.stringify(mode === 'replay' ? firstTiled : answer);
      return { statusCode: 201, response, contentType: 'application/json' };
    },
    'POST /api/v1/timestamp': async (request, body, at, mode) => ({
      statusCode: 201,
      response: await stamp(mode === 'other' ? other.tsa : tsa, body, mode === 'replay'),
    }),
  };

  const listener = (mode) => async (request, response) => {
    const at = new URL(request.url, url);
    const route = routes[`${request.method} ${at.pathname}`];
    try {
      const body = await readBody(request);
      if (FAULTS[mode]) return FAULTS[mode](response);
      const answer = route ? await route(request, body, at, mode) : { statusCode: 404, response: 'no' };
      const type = { 'content-type': answer.contentType || 'application/octet-stream' };
      response.writeHead(answer.statusCode, { ...type, ...answer.headers });
      response.end(answer.response);
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  };
  server.on('request', listener());
  const misbehaving = {};
  for (const mode of [...Object.keys(FAULTS), 'other', 'impostor', 'replay']) {
    misbehaving[mode] = await listen(http.createServer(listener(mode)));
  }
  console.log(
    JSON.stringify({
      url,
      misbehaving,
      trustedRoot,
      trustConfig,
      identity: CLAIMS.san,
      issuer: ISSUER,
      run: 'https://github.com/summit/app/actions/runs/42/attempts/1',
    })
  );
}

process.stdin.resume().on('end', () => process.exit(0)); // dies with the test that started it
const listen = (server) =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${server.address().port}`)));
const server = http.createServer();
listen(server).then((url) => start(server, url));
