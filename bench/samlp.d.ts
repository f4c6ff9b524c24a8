// The part of the peer that is measured; the package has no types of its own.
declare module 'samlp' {
  import type { RequestHandler } from 'express';

  interface AuthOptions {
    readonly issuer: string;
    readonly cert: string;
    readonly key: string;
    readonly signAssertion: boolean;
    readonly signResponse: boolean;
    readonly signatureAlgorithm: 'rsa-sha256';
    readonly digestAlgorithm: 'sha256';
    readonly lifetimeInSeconds: number;
    readonly nameIdentifierFormat: string;
    readonly sessionIndex: string;
    readonly getPostURL: (
      audience: string,
      request: unknown,
      httpRequest: unknown,
      done: (error: Error | null, url?: string) => void,
    ) => void;
    readonly getUserFromRequest: (httpRequest: {
      readonly headers: { readonly cookie?: string | undefined };
    }) => unknown;
    readonly profileMapper: (user: unknown) => {
      readonly getClaims: () => Readonly<Record<string, string | readonly string[]>>;
      readonly getNameIdentifier: () => { readonly nameIdentifier: string };
    };
  }

  export function auth(options: AuthOptions): RequestHandler;
}
