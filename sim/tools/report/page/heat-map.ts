import type { HeatMap } from "@bourse/engine/report/run-report";
import type { TableData } from "./data-table.ts";
import { bindData, type Shared, sayNothing, titleOf } from "./plot.ts";
import { color } from "./theme.ts";
import { TIME_STEPS, timeMarks } from "./time-axis.ts";
import { formatMs } from "./units.ts";

const OFFLINE = -1;
/** As in the charts above, so that times lie below each other: the width of their axis, half a label on the right. */
const LEFT = 74;
const RIGHT = 25;
const AXIS = 24;

/** How full each agent was over time: one cell an agent and interval. The pointer or the arrow keys read a cell. */
export function drawHeat(figure: HTMLElement, heat: HeatMap, shared: Shared): void {
  const box = figure.querySelector<HTMLElement>(".plot");
  if (box === null) return;
  bindData(figure, figure.id, () => tableOf(heat, titleOf(figure)));
  if (heat.agents.length === 0) {
    sayNothing(box);
    return;
  }
  const summary = figure.querySelector(".summary");
  if (summary !== null) summary.textContent = describe(heat);
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    `${titleOf(figure)}. Arrow keys read one cell after the other.`,
  );
  const reading = document.createElement("p");
  reading.className = "reading";
  reading.setAttribute("aria-live", "polite");
  reading.textContent = "Point at a cell, or use the arrow keys, to read it.";
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // The reading below says the same.
  box.append(canvas, tip, reading);
  new HeatView({ canvas, tip, reading }, heat, shared);
}

interface HeatElements {
  readonly canvas: HTMLCanvasElement;
  /** Beside the pointer. */
  readonly tip: HTMLElement;
  /** Below, for whoever cannot see the tip. */
  readonly reading: HTMLElement;
}

class HeatView {
  readonly #canvas: HTMLCanvasElement;
  readonly #tip: HTMLElement;
  readonly #reading: HTMLElement;
  readonly #heat: HeatMap;
  readonly #window: Shared["window"];
  #row = 0;
  #column = 0;
  #isPicked = false;

  constructor({ canvas, tip, reading }: HeatElements, heat: HeatMap, shared: Shared) {
    this.#canvas = canvas;
    this.#tip = tip;
    this.#reading = reading;
    this.#heat = heat;
    this.#window = shared.window;
    shared.window.watch(() => this.#draw());
    shared.redraws.push(() => this.#draw());
    if (canvas.parentElement !== null)
      new ResizeObserver(() => this.#draw()).observe(canvas.parentElement);
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerdown", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => {
      tip.hidden = true;
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#draw();
  }

  /** The rows fill the height: few agents have tall rows. */
  get #rowHeight(): number {
    return Math.max(2, Math.min(18, Math.floor(400 / this.#heat.agents.length)));
  }

  #draw(): void {
    const { agents, percent } = this.#heat;
    const width = Math.max(200, this.#canvas.parentElement?.clientWidth ?? 0);
    const rowsHeight = this.#rowHeight * agents.length;
    const height = rowsHeight + AXIS;
    const ratio = devicePixelRatio;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const ctx = this.#canvas.getContext("2d");
    if (ctx === null) return;
    const colors = ["--heat-0", "--heat-1", "--heat-2"].map((name) => channels(color(name)));
    const offline = color("--heat-offline");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const edges = this.#edges(width);
    percent.forEach((cells, row) => {
      cells.forEach((cell, column) => {
        const [left = 0, right = 0] = edges[column] ?? [];
        if (right <= LEFT || left >= width - RIGHT) return;
        ctx.fillStyle = cell === OFFLINE ? offline : mixed(colors, cell / 100);
        ctx.fillRect(left, row * this.#rowHeight, right - left, this.#rowHeight);
      });
    });
    ctx.clearRect(0, 0, LEFT, height);
    ctx.clearRect(width - RIGHT, 0, RIGHT, height);
    this.#label(ctx, width, rowsHeight);
    if (!this.#isPicked) return;
    const [left = 0, right = 0] = edges[this.#column] ?? [];
    ctx.strokeStyle = color("--text");
    ctx.lineWidth = 2;
    ctx.strokeRect(left, this.#row * this.#rowHeight, Math.max(3, right - left), this.#rowHeight);
  }

  /** Of each column, left and right, on whole pixels so that no gaps show. */
  #edges(width: number): readonly (readonly [number, number])[] {
    let left = this.#x(0, width);
    return this.#heat.atMs.map((ms) => {
      const edge = [left, this.#x(ms, width)] as const;
      left = edge[1];
      return edge;
    });
  }

  #x(ms: number, width: number): number {
    const { fromMs, untilMs } = this.#window;
    return Math.round(LEFT + ((ms - fromMs) / (untilMs - fromMs)) * (width - LEFT - RIGHT));
  }

  /** Times below, and on the left the first and the last agent. */
  #label(ctx: CanvasRenderingContext2D, width: number, rowsHeight: number): void {
    const { fromMs, untilMs } = this.#window;
    const { agents } = this.#heat;
    ctx.fillStyle = color("--muted");
    ctx.font = "12px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    const room = Math.max(1, Math.floor((width - LEFT - RIGHT) / 70));
    const step = TIME_STEPS.find((ms) => (untilMs - fromMs) / ms <= room) ?? untilMs - fromMs;
    const marks: number[] = [];
    for (let ms = Math.ceil(fromMs / step) * step; ms <= untilMs; ms += step) marks.push(ms);
    timeMarks(marks, step).forEach((text, index) => {
      ctx.fillText(text, this.#x(marks[index] ?? 0, width), rowsHeight + 7);
    });
    ctx.textAlign = "right";
    ctx.fillText(shortName(agents[0] ?? ""), LEFT - 6, 0);
    if (agents.length < 2) return;
    ctx.textBaseline = "bottom";
    ctx.fillText(shortName(agents.at(-1) ?? ""), LEFT - 6, rowsHeight);
  }

  #point(event: PointerEvent): void {
    const { left, top, width } = this.#canvas.getBoundingClientRect();
    const { fromMs, untilMs } = this.#window;
    const share = (event.clientX - left - LEFT) / (width - LEFT - RIGHT);
    if (share < 0 || share > 1) return;
    const ms = fromMs + share * (untilMs - fromMs);
    const column = this.#heat.atMs.findIndex((end) => end >= ms);
    if (column < 0) return;
    this.#pick(Math.floor((event.clientY - top) / this.#rowHeight), column);
    this.#tip.textContent = this.#reading.textContent;
    this.#tip.hidden = false;
    const isRight = share > 0.6;
    this.#tip.style.left = isRight ? "auto" : `${event.clientX - left + 14}px`;
    this.#tip.style.right = isRight ? `${left + width - event.clientX + 14}px` : "auto";
    this.#tip.style.top = `${event.clientY - top + 14}px`;
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    const [down = 0, right = 0] = step;
    if (this.#isPicked) this.#pick(this.#row + down, this.#column + right);
    else this.#pick(0, 0);
  }

  #pick(row: number, column: number): void {
    const { agents, atMs, percent } = this.#heat;
    this.#row = Math.max(0, Math.min(agents.length - 1, row));
    this.#column = Math.max(0, Math.min(atMs.length - 1, column));
    this.#isPicked = true;
    const cell = percent[this.#row]?.[this.#column] ?? OFFLINE;
    const text = cell === OFFLINE ? "not connected" : `${cell} % full`;
    this.#reading.textContent = `${agents[this.#row]}, until ${formatMs(atMs[this.#column] ?? 0)}: ${text}`;
    this.#draw();
  }
}

/** The last of a group is too long for the margin, and a long name as well. */
function shortName(agent: string): string {
  const name = agent.split(" to ")[0] ?? "";
  return name.length > 10 ? `\u2026${name.slice(-9)}` : name;
}

interface RowSum {
  readonly agent: string;
  readonly mean: number;
  readonly most: number;
  readonly offline: number;
}

function sumsOf({ agents, percent }: HeatMap): readonly RowSum[] {
  return agents.map((agent, row) => {
    const cells = percent[row] ?? [];
    const online = cells.filter((cell) => cell !== OFFLINE);
    return {
      agent,
      mean: Math.round(online.reduce((sum, cell) => sum + cell, 0) / Math.max(1, online.length)),
      most: Math.max(0, ...online),
      offline: cells.length - online.length,
    };
  });
}

function describe(heat: HeatMap): string {
  const sums = sumsOf(heat).toSorted((a, b) => a.mean - b.mean);
  const least = sums[0];
  const most = sums.at(-1);
  if (least === undefined || most === undefined) return "";
  const mean = Math.round(sums.reduce((sum, row) => sum + row.mean, 0) / sums.length);
  const away = sums.filter(({ offline }) => offline > 0).length;
  const gone =
    away === 0 ? "All were connected throughout." : `${away} were not connected at some time.`;
  return `On average ${mean} % full; the fullest is ${most.agent} with ${most.mean} % on average, the emptiest ${least.agent} with ${least.mean} %. ${gone}`;
}

function tableOf(heat: HeatMap, caption: string): TableData {
  const columns = Math.max(1, heat.atMs.length);
  return {
    caption,
    heads: ["agents", "mean, %", "at most, %", "not connected, % of the time"],
    rows: sumsOf(heat).map(({ agent, mean, most, offline }) => [
      agent,
      String(mean),
      String(most),
      String(Math.round((100 * offline) / columns)),
    ]),
  };
}

type Channels = readonly [number, number, number];

/** Of `#rrggbb`, as the style sheet writes them. */
function channels(hex: string): Channels {
  const number = Number.parseInt(hex.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

/** Between the first and the last of three colours. */
function mixed(colors: readonly Channels[], fraction: number): string {
  const isLow = fraction < 0.5;
  const [from, to] = isLow ? [colors[0], colors[1]] : [colors[1], colors[2]];
  const share = (isLow ? fraction : fraction - 0.5) * 2;
  const at = (index: 0 | 1 | 2): number =>
    Math.round((from?.[index] ?? 0) * (1 - share) + (to?.[index] ?? 0) * share);
  return `rgb(${at(0)},${at(1)},${at(2)})`;
}
