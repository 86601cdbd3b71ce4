const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
});
const everything = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/** A moment as people read it: the time of day, with the day when that was not today. */
export function Time({ iso }: { iso: string }) {
  const moment = new Date(iso);
  // A source may send anything; showing it beats breaking the page.
  if (Number.isNaN(moment.getTime())) return <span>{iso}</span>;
  return (
    <time dateTime={iso} title={everything.format(moment)}>
      {(isToday(moment) ? timeOfDay : dayAndTime).format(moment)}
    </time>
  );
}

function isToday(moment: Date): boolean {
  return moment.toDateString() === new Date().toDateString();
}
