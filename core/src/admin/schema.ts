/**
 * Schema: JSON Schemas that carry the TypeScript type of what they accept, and the few ways to make them. Main thread.
 *
 * One schema is thereby the source of everything that is said about a body or a response: the server validates by it, the
 * OpenAPI document prints it, and `TypeOf` gives handlers and clients their types. The API needs a dozen keywords, so these
 * are functions of our own rather than a library in every installation.
 */

declare const TYPE: unique symbol;

/** JsonSchema is a schema as JSON Schema (draft 7, as Ajv reads it by default) and OpenAPI 3.1 write it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schema is a schema whose values have the type T. The type exists for the compiler only. */
export type Schema<T = unknown> = JsonSchema & { readonly [TYPE]?: () => T };

/** TypeOf is the type of a schema's values. */
export type TypeOf<S> = S extends { readonly [TYPE]?: () => infer T } ? T : never;

type Properties = Readonly<Record<string, Schema>>;

/** Flat shows the members of an intersection as one object. */
type Flat<T> = { readonly [K in keyof T]: T[K] };

type ObjectOf<R extends Properties, O extends Properties> = Flat<
  { readonly [K in keyof R]: TypeOf<R[K]> } & { readonly [K in keyof O]?: TypeOf<O[K]> }
>;

export const text: Schema<string> = { type: 'string' };
export const number: Schema<number> = { type: 'number' };
export const flag: Schema<boolean> = { type: 'boolean' };

/** count is a whole number from 0. */
export const count: Schema<number> = { type: 'integer', minimum: 0 };

/** textOf is text within limits, such as `maxLength` and `pattern`. */
export function textOf(limits: JsonSchema): Schema<string> {
  return { type: 'string', ...limits };
}

/** wholeUpTo is a whole number from 0 to `maximum`. */
export function wholeUpTo(maximum: number): Schema<number> {
  return { type: 'integer', minimum: 0, maximum };
}

/** maybe also accepts null. */
export function maybe<T>(schema: Schema<T>): Schema<T | null> {
  return { anyOf: [schema, { type: 'null' }] };
}

/** list is an array of one kind of item. */
export function list<T>(items: Schema<T>): Schema<readonly T[]> {
  return { type: 'array', items };
}

/** oneOf is one of these texts. */
export function oneOf<const T extends readonly string[]>(values: T): Schema<T[number]> {
  return { enum: values };
}

/** only is exactly this value. */
export function only<const T>(value: T): Schema<T> {
  return { const: value };
}

/** either accepts what any of the schemas accepts. */
export function either<const S extends readonly Schema[]>(...schemas: S): Schema<TypeOf<S[number]>> {
  return { anyOf: schemas };
}

/** record is an object with any keys and one kind of value. */
export function record<T>(values: Schema<T>, limits: JsonSchema = {}): Schema<Readonly<Record<string, T>>> {
  return { type: 'object', ...limits, additionalProperties: values };
}

/** object has these properties, and those of `optional` or not. It may have others: releases add. */
export function object<const R extends Properties, const O extends Properties = Record<never, Schema>>(
  required: R,
  optional?: O,
): Schema<ObjectOf<R, O>> {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) };
}

/** closed is an object with nothing but these properties: for bodies, where a misspelt name must not be ignored. */
export function closed<const R extends Properties, const O extends Properties = Record<never, Schema>>(
  required: R,
  optional?: O,
  limits: JsonSchema = {},
): Schema<ObjectOf<R, O>> {
  const names = Object.keys(required);
  return {
    type: 'object',
    properties: { ...required, ...optional },
    ...(names.length === 0 ? {} : { required: names }),
    additionalProperties: false,
    ...limits,
  };
}

/** counters is an object with a number for each name. */
export function counters<const T extends readonly string[]>(names: T): Schema<Readonly<Record<T[number], number>>> {
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'number' }])),
    required: names,
  };
}

/** described adds a description. */
export function described<T>(schema: Schema<T>, description: string): Schema<T> {
  return { ...schema, description };
}

/** shapeOf is an object whose type is written elsewhere. Its schema has all properties of that type, and does not say more of them than helps a reader. */
export function shapeOf<T extends object>(properties: Readonly<Record<keyof T, Schema>>): Schema<T> {
  return { type: 'object', properties, required: Object.keys(properties) };
}

/** anyObject is an object that nothing more is said about. */
export const anyObject: Schema<object> = { type: 'object' };
