// Owns: which methods and enrolments a node has, beside the password and WebAuthn. Leaves to node/factors.ts: what they stand on.
import type { CredentialStore } from '../core/credential.ts';
import type { MessageSender } from '../core/message.ts';
import type { OneTimeCodes, SendPolicy } from '../core/one-time-code.ts';
import type { DataKeys } from '../core/secrets-at-rest.ts';
import type { Random } from '../lib/random.ts';
import { type CodeChannel, createCodeEnrolment, createCodeMethod, emailChannel, smsChannel } from './code-methods.ts';
import type { FactorEnrolment, FactorMethod } from './factor-method.ts';
import { type CodeWords, createCodeSending } from './one-time-code.ts';
import { createRecoveryCodesEnrolment, createRecoveryCodesMethod } from './recovery-codes.ts';
import type { Throttle } from './throttle.ts';
import { createTotpMethod } from './totp.ts';
import { createTotpEnrolment } from './totp-enrolment.ts';

export interface FactorTableOptions {
  readonly store: Pick<CredentialStore, 'takeTotpStep' | 'takeRecoveryCode' | 'noteSentCodeUsed'>;
  readonly keys: Pick<DataKeys, 'encrypt' | 'decrypt'>;
  readonly throttle: Pick<Throttle, 'begin'>;
  readonly codes: OneTimeCodes;
  readonly sendPolicy: SendPolicy;
  /** 32 bytes of the stable secret: all nodes have it, the database has not. */
  readonly codeKey: Uint8Array;
  readonly words: CodeWords;
  /** Null: no codes by mail. */
  readonly mail: MessageSender | null;
  /** Null: no codes by text message. */
  readonly sms: { readonly sender: MessageSender; readonly prefixes: readonly string[] } | null;
  /** `code` tells nothing about the person (core/message.ts). */
  readonly onSendFailed: (channel: CodeChannel['kind'], code: string) => void;
  readonly serviceName: string;
  readonly random: Random;
}

export interface FactorTable {
  readonly methods: readonly FactorMethod[];
  readonly enrolments: readonly FactorEnrolment[];
}

export function createFactorTable(options: FactorTableOptions): FactorTable {
  const { store, keys, throttle, random, serviceName, mail, sms } = options;
  const byCode = [
    ...(mail === null ? [] : [codeBy(emailChannel, mail, options)]),
    ...(sms === null ? [] : [codeBy(smsChannel(sms.prefixes), sms.sender, options)]),
  ];
  return {
    methods: [
      createTotpMethod({ store, keys, throttle }),
      createRecoveryCodesMethod({ store, throttle }),
      ...byCode.map(({ method }) => method),
    ],
    enrolments: [
      createTotpEnrolment({ keys, random, serviceName }),
      createRecoveryCodesEnrolment(random),
      ...byCode.map(({ enrolment }) => enrolment),
    ],
  };
}

function codeBy(channel: CodeChannel, sender: MessageSender, options: FactorTableOptions) {
  const { store, codes, sendPolicy: policy, codeKey: key, words, throttle, random, onSendFailed } = options;
  const onFailed = (code: string): void => onSendFailed(channel.kind, code);
  const sending = createCodeSending({ codes, sender, policy, words, key, random, onSendFailed: onFailed });
  return {
    method: createCodeMethod({ channel, sending, throttle, store }),
    enrolment: createCodeEnrolment({ channel, sending, throttle, random }),
  };
}
