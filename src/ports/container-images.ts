/** An image as a folder of the host, and what its configuration says. */
export interface ContainerImage {
  readonly digest: string;
  /** The image's root; its files are shared by all containers of it. */
  readonly directory: string;
  readonly entrypoint: readonly string[];
  /** Entry point and command: what runs where nothing else is asked for. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** `user[:group]` by name or number; empty for root. */
  readonly user: string;
}

/** Images for containers without a daemon: unpacked once, shared beneath each container's own layer. */
export interface ContainerImages {
  /** The digest, where this installation's registry has it. */
  localDigest(reference: string): Promise<string | undefined>;
  /**
   * From this installation's registry, otherwise, after `onPull`, from the registry that the name tells. Throws where
   * neither has it.
   */
  get(reference: string, options?: { readonly onPull?: () => void }): Promise<ContainerImage>;
}
