/** Where the page of a logout goes on by itself, and by its link. */
export function targetOf(html: string): string {
  const [refresh, link] = [
    /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(html)?.[1],
    /<a href="([^"]*)">Continue<\/a>/.exec(html)?.[1],
  ];
  if (refresh === undefined || refresh !== link) throw new Error('The page does not go on');
  return refresh.replace(/&#(\d+);/g, (_reference, code) => String.fromCharCode(Number(code)));
}
