/**
 * UseFeed: a component is drawn again whenever the feed has news. Browser.
 */
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Feed, Picture } from '../connection/feed.ts';

export const FeedContext = createContext<Feed | null>(null);

/** useFeed is the feed of the gateway that the user has signed in to. */
export function useFeed(): Feed {
  const feed = useContext(FeedContext)!;
  const [, draw] = useState(0);
  useEffect(() => feed.subscribe(() => draw((count) => count + 1)), [feed]);
  return feed;
}

/** usePicture is the gateway as it was last seen. Only below what waits for the first picture. */
export function usePicture(): Picture {
  return useFeed().picture!;
}
