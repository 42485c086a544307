/** Connections to one upstream, whose certificate is checked by authorities that may become known, or change, as it is used. */
import { createTransport, type Transport } from "../http/transport.ts";

export interface TrustingOptions {
  /** PEM. Undefined: the authorities that Node brings. */
  caPem(): string | undefined | Promise<string | undefined>;
  readonly maxConnections: number;
  /** Default true. */
  readonly keepAlive?: boolean;
}

export function trustingTransport({ caPem, ...connections }: TrustingOptions): Transport {
  let trusted: string | undefined;
  let transport = createTransport(connections);

  function through(ca: string | undefined): Transport {
    if (ca !== trusted) {
      // Connections of the old one end with their requests.
      trusted = ca;
      transport = createTransport({ ...connections, ...(ca !== undefined && { ca }) });
    }
    return transport;
  }

  return (request) => {
    const ca = caPem();
    return ca instanceof Promise ? ca.then((known) => through(known)(request)) : through(ca)(request);
  };
}
