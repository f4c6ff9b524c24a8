// Owns: why a message cannot be read, before anybody knows whose it is.

/** Closed: protocols/saml maps every one of them to what people and logs are told. */
export type MessageProblemCode =
  /** A protocol parameter that stands twice, or under an encoded spelling of its name. */
  | 'repeated-parameter'
  /** Parameters that exclude each other, or a message that this endpoint does not take. */
  | 'unexpected-parameter'
  /** Percent encoding, base64 or deflate that is not exactly right. */
  | 'bad-encoding'
  | 'too-large'
  /** Not XML, or XML with constructs that no SAML message needs. */
  | 'bad-xml'
  /** Well-formed, but not the message that belongs here. */
  | 'bad-message';

/** A message that cannot be read; `detail` is for the log only. */
export interface MessageProblem {
  readonly problem: MessageProblemCode;
  readonly detail: string;
}

/** Tells a problem from what was read. */
export function isMessageProblem<T extends object>(value: T | MessageProblem): value is MessageProblem {
  return 'problem' in value;
}

/** Makes a problem. */
export function messageProblem(problem: MessageProblemCode, detail: string): MessageProblem {
  return { problem, detail };
}
