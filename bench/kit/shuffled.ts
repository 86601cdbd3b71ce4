/** A copy in random order (Fisher and Yates): what else the machine does shall hit everybody alike. */
export function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    const [item] = order.splice(other, 1, order[last] as Item);
    order[last] = item as Item;
  }
  return order;
}
