// Asks the browser's authenticator what a form's data-options say, and posts the answer in the form's field `webauthn`.
// data-webauthn: create (a new key), get (one of the named keys), sign-in (any passkey; also offered with the user name).

{
  const WAITS_AT_MOST_MS = 290000;
  const decode = (text) =>
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
  const named = (list) => (list ?? []).map((one) => ({ ...one, id: decode(one.id) }));

  const created = ({ id, rawId, type, response, ...credential }) => ({
    id,
    rawId: encode(rawId),
    type,
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      attestationObject: encode(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
    clientExtensionResults: credential.clientExtensionResults,
  });
  const got = ({ id, rawId, type, response }) => ({
    id,
    rawId: encode(rawId),
    type,
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      authenticatorData: encode(response.authenticatorData),
      signature: encode(response.signature),
      userHandle: response.userHandle ? encode(response.userHandle) : null,
    },
  });

  const create = async (options, signal) => {
    const publicKey = {
      ...options,
      challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    };
    const credential = await navigator.credentials.create({ publicKey, signal });
    return { ...created(credential), clientExtensionResults: credential.getClientExtensionResults() };
  };
  const get = async (options, signal, mediation) => {
    const publicKey = {
      ...options,
      challenge: decode(options.challenge),
      allowCredentials: named(options.allowCredentials),
    };
    return got(await navigator.credentials.get({ publicKey, signal, ...(mediation ? { mediation } : {}) }));
  };

  for (const form of document.querySelectorAll('form[data-webauthn]')) {
    const kind = form.dataset.webauthn;
    const options = JSON.parse(form.dataset.options);
    const note = (name, shown) => {
      const element = form.querySelector(`[data-note="${name}"]`);
      if (element) element.hidden = !shown;
    };
    const send = (answer) => {
      form.elements.webauthn.value = JSON.stringify(answer);
      form.submit();
    };
    let waiting = null;

    if (!window.PublicKeyCredential) {
      note('unsupported', true);
      if (kind !== 'sign-in') form.querySelector('button').hidden = true;
      continue;
    }
    if (kind === 'sign-in') {
      form.hidden = false;
      void (async () => {
        if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
        waiting = new AbortController();
        // The question is answered in time or not at all; the button asks again.
        setTimeout(() => waiting?.abort(), WAITS_AT_MOST_MS);
        await get(options, waiting.signal, 'conditional').then(send, () => {});
      })();
    }
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      waiting?.abort();
      waiting = new AbortController();
      note('failed', false);
      const asked = kind === 'create' ? create(options, waiting.signal) : get(options, waiting.signal);
      asked.then(send, () => note('failed', true));
    });
  }
}
