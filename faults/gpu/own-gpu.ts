/** A GPU node in the harness's own process, its driver and its plugin, as a fault gets at them. */
export interface OwnGpu {
  /** Kubelets' ListAndWatch streams that are open. */
  readonly openStreams: number;
  /** How often its plugin has started. */
  readonly starts: number;
  /** Whatever is lost, does no work, or was revoked from a container, by the driver's own files. */
  readonly impaired: readonly string[];
  /** Sets which devices the driver has lost, by index, whatever the plugin makes of it. */
  lose(devices: readonly number[]): void;
  /** Sets which devices do no work, by index; they are listed all the same. */
  idle(devices: readonly number[]): void;
  /** The container runtime applies its device rules anew; how many associations stood, and how many of them are gone by it. */
  reloadRuntime(): { associations: number; revoked: number };
  /** Gives back what was revoked. */
  restoreRevoked(): void;
  /** The plugin ends, starts anew and registers. */
  restart(): Promise<void>;
  /** As when its node goes down: the plugin ends, nothing is associated with anybody, and it starts when it is told to. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
}
