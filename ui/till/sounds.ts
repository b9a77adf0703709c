// Short tones: a cashier hears a scan without looking.

export type Sound = "ok" | "unknown" | "error" | "waits" | "done";

const tones: Record<Sound, [number, number][]> = {
  ok: [[1320, 60]],
  unknown: [[330, 140], [262, 220]],
  error: [[220, 180]],
  waits: [[660, 90], [660, 90]],
  done: [[880, 70], [1320, 110]],
};

let context: AudioContext | null = null;

/** Opens the way to the loudspeaker, which takes longer than a scan may: before the first one. */
export function prepare(): void {
  try {
    if (typeof AudioContext !== "undefined") context ??= new AudioContext();
  } catch (error) {
    console.warn("no sound", error);
  }
}

/** Plays a tone; where the machine cannot, what it tells of goes on without. */
export function play(sound: Sound): void {
  try {
    sing(sound);
  } catch (error) {
    console.warn("no sound", error);
  }
}

function sing(sound: Sound): void {
  prepare();
  if (context === null) return;
  let at = context.currentTime;
  for (const [hertz, ms] of tones[sound]) {
    const oscillator = context.createOscillator();
    const volume = context.createGain();
    oscillator.frequency.value = hertz;
    volume.gain.setValueAtTime(0.12, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + ms / 1000);
    oscillator.connect(volume).connect(context.destination);
    oscillator.start(at);
    at += ms / 1000;
    oscillator.stop(at);
  }
}
