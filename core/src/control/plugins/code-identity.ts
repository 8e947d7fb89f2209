/**
 * CodeIdentity: tells components apart that have the same name and other code. Main thread.
 */
let last = 0;
const numbers = new WeakMap<object, number>();

/** identityOf is a number for an object or function: the same one for the same, and no other has it. 0: there is none. */
export function identityOf(component: object | undefined): number {
  if (component === undefined) return 0;
  let number = numbers.get(component);
  if (number === undefined) {
    number = ++last;
    numbers.set(component, number);
  }
  return number;
}
