/** Text for people: durations, tables, the end of a log file. No colour, no state. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** `3.2 s`, `48 s`, `7m 05s`, `1h 02m`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m ${pad(whole % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** `512 MB`, `4.1 GB`. */
export function size(bytes: number): string {
  const megabytes = bytes / 1e6;
  return megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1000).toFixed(1)} GB`;
}

/** Columns as wide as their widest cell; the last one is left as it is. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    line(header),
    line(
      header.map((title, column) =>
        '─'.repeat(column === header.length - 1 ? title.length : (widths[column] ?? 0)),
      ),
    ),
    ...rows.map(line),
  ].join('\n');
}

/** The last lines of a log file; empty where there is none. Reads no more than its end. */
export function lastLines(file: string, count: number): string[] {
  const end = 64 * 1024;
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return [];
  }
  try {
    const { size: length } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(length, end));
    readSync(descriptor, buffer, 0, buffer.length, length - buffer.length);
    return stripVTControlCharacters(buffer.toString('utf8'))
      .split('\n')
      .map((line) => (line.split('\r').at(-1) ?? '').trimEnd())
      .filter((line) => line !== '')
      .slice(-count);
  } finally {
    closeSync(descriptor);
  }
}
