/** What a scrape reads of one family. */
export interface Sample {
  /** Where it differs from the family's: a histogram's parts. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Upper ends of the buckets of durations, in seconds: from a cached answer to the longest deadline. */
export const durationBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What a series becomes when its family has no room left. */
export const other = 'other';

/** One series of a counter; add to `value`. */
export interface Count {
  value: number;
}

/** One series of a histogram. */
export interface Distribution {
  observe(value: number): void;
}

interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly [string, ...string[]];
  /** Series beyond it are counted as one, whose labels all say `other`. @default 2000 */
  readonly maxSeries?: number;
}

/** The series by the values of the labels that are left. */
type Shelf<Series> = Map<string, Shelf<Series> | { readonly series: Series }>;

/**
 * The series of one metric by their label values. Looking one up asks a map for each label: a
 * hundredth of what a client library's `inc({ … })` costs. Formatted when scraped.
 */
abstract class Family<Series> {
  readonly name: string;
  readonly help: string;
  protected readonly labels: readonly string[];
  readonly #byValue: Shelf<Series> = new Map();
  readonly #all: { readonly values: readonly string[]; readonly series: Series }[] = [];
  readonly #maxSeries: number;

  constructor({ name, help, labels, maxSeries = 2_000 }: FamilyOptions) {
    this.name = name;
    this.help = help;
    this.labels = labels;
    this.#maxSeries = maxSeries;
  }

  /** The series of these label values, in the order of the labels. */
  at(...values: readonly string[]): Series {
    let found: ReturnType<Shelf<Series>['get']> = this.#byValue;
    for (let at = 0; at < values.length && found instanceof Map; at += 1) {
      found = found.get(values[at]!);
    }
    return found instanceof Map || found === undefined ? this.#add(values) : found.series;
  }

  samples(): Sample[] {
    return this.#all.flatMap(({ values, series }) =>
      this.read(
        series,
        Object.fromEntries(this.labels.map((label, index) => [label, values[index] ?? ''])),
      ),
    );
  }

  #add(values: readonly string[]): Series {
    if (this.#all.length >= this.#maxSeries && !values.every((value) => value === other)) {
      return this.at(...this.labels.map(() => other));
    }
    const entry = { values, series: this.make() };
    this.#all.push(entry);
    let shelf = this.#byValue;
    for (const value of values.slice(0, -1)) {
      let next = shelf.get(value);
      if (!(next instanceof Map)) shelf.set(value, (next = new Map()));
      shelf = next;
    }
    shelf.set(values.at(-1) ?? '', entry);
    return entry.series;
  }

  protected abstract make(): Series;
  protected abstract read(series: Series, labels: Readonly<Record<string, string>>): Sample[];
}

export class Counters extends Family<Count> {
  readonly type = 'counter';

  protected make(): Count {
    return { value: 0 };
  }

  protected read({ value }: Count, labels: Readonly<Record<string, string>>): Sample[] {
    return [{ labels, value }];
  }
}

export class Histograms extends Family<HistogramSeries> {
  readonly type = 'histogram';
  readonly #bounds: Float64Array;

  /** `bounds`: the upper ends of the buckets, ascending. */
  constructor(options: FamilyOptions & { readonly bounds: readonly number[] }) {
    super(options);
    this.#bounds = Float64Array.from(options.bounds);
  }

  protected make(): HistogramSeries {
    return new HistogramSeries(this.#bounds);
  }

  protected read(series: HistogramSeries, labels: Readonly<Record<string, string>>): Sample[] {
    let count = 0;
    const buckets = [...series.counts].map((inBucket, index) => {
      count += inBucket;
      const le = this.#bounds[index] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: series.sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

class HistogramSeries implements Distribution {
  /** By bucket, not yet cumulated; the last one has no upper end. */
  readonly counts: Float64Array;
  sum = 0;
  readonly #bounds: Float64Array;

  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
    this.counts[bucket]! += 1;
    this.sum += value;
  }
}

/** A family whose samples are read from what is there when it is scraped. */
export class Readings {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: () => Sample[];

  constructor(
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    samples: () => number | Sample[],
  ) {
    this.type = type;
    this.name = name;
    this.help = help;
    this.samples = () => {
      const read = samples();
      return typeof read === 'number' ? [{ labels: {}, value: read }] : read;
    };
  }
}

/** Names that clients choose: the first `max` are told apart, the rest are `other`. */
export class Names {
  readonly #known = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Null is the empty label. */
  of(name: string | null): string {
    if (name === null) return '';
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return other;
    this.#known.add(name);
    return name;
  }
}
