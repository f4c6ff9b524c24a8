// Asks the browser's authenticator what a form's data-options say, and posts the answer in the form's field `webauthn`.
// data-webauthn: create (a new key), get (one of the named keys), sign-in (any passkey; also offered with the user name).

{
  const LOADED = Date.now();
  // What is asked a moment before the end is not answered in time.
  const MARGIN_SECONDS = 10;
  // A name that was typed when the page had become too old; the page that follows, some steps later, has it again.
  const KEPT_LABEL = `label ${location.pathname}`;
  const storage = (() => {
    try {
      return window.sessionStorage;
    } catch {
      // The person has forbidden it: then the name is typed again.
      return null;
    }
  })();
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
    const endsAt = form.dataset.seconds ? LOADED + (Number(form.dataset.seconds) - MARGIN_SECONDS) * 1000 : Infinity;
    let waiting = null;

    const kept = storage?.getItem(KEPT_LABEL) ?? null;
    if (form.elements.label && kept !== null) {
      form.elements.label.value = kept;
      storage?.removeItem(KEPT_LABEL);
    }
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
        setTimeout(() => waiting?.abort(), Math.max(0, endsAt - Date.now()));
        await get(options, waiting.signal, 'conditional').then(send, () => {});
      })();
    }
    form.addEventListener('submit', (event) => {
      waiting?.abort();
      const { username, label } = form.elements;
      // The name stands in the other form.
      if (username) username.value = document.getElementById('username').value;
      if (Date.now() > endsAt) {
        // In vain: without an answer the server says what is to be done, and asks anew.
        if (label) storage?.setItem(KEPT_LABEL, label.value);
        return;
      }
      event.preventDefault();
      waiting = new AbortController();
      note('failed', false);
      const asked = kind === 'create' ? create(options, waiting.signal) : get(options, waiting.signal);
      asked.then(send, () => note('failed', true));
    });
  }
}
