/**
 * What of the two npm packages goes into the layer. An allow-list: a new release cannot add megabytes unseen.
 * Left out on purpose: other platforms, ES module builds (a layer is reached with `require`: ES modules do not resolve
 * through NODE_PATH), TypeScript sources and types, source maps, install scripts (they download CUDA), and the packages
 * `adm-zip` and `global-agent` that only those scripts use.
 */
export interface LayerPlatform {
  /** As `process.platform` names it; Lambda is `linux`. */
  readonly platform: string;
  /** As `process.arch` names it. */
  readonly arch: string;
}

/** Paths in a package, `/`-separated. `isShipped` decides about one of them. */
export const PACKAGES = {
  "onnxruntime-node": {
    isShipped: (path: string, { platform, arch }: LayerPlatform) =>
      path === "package.json" ||
      isLicense(path) ||
      /^dist\/[^/]+\.js$/.test(path) ||
      path.startsWith(`bin/napi-v6/${platform}/${arch}/`),
  },
  "onnxruntime-common": {
    isShipped: (path: string) =>
      path === "package.json" || isLicense(path) || /^dist\/cjs\/(?:[^/]+\.js|package\.json)$/.test(path),
  },
} as const satisfies Record<string, { isShipped(path: string, platform: LayerPlatform): boolean }>;

export type LayerPackage = keyof typeof PACKAGES;

/**
 * The npm packages carry no licence file. notices/ holds those that the same version's PyPI wheel of ONNX Runtime ships;
 * they are put beside each package. A new version of the package needs new ones: the build refuses to mix them.
 */
export const NOTICES_OF_VERSION = "1.30.0";
export const NOTICES = ["LICENSE", "ThirdPartyNotices.txt"] as const;

const isLicense = (path: string): boolean => /^(?:licen[cs]e|notice|third-?party-?notices?)(?:\.[a-z]+)?$/i.test(path);
