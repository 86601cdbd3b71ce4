/** Proves to the compiler that every case of a union was handled; throws if the data lied. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
