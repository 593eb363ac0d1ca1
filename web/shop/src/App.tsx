import { Empty, ErrorState } from "./components/states";
import { pick } from "./i18n";
import { Link, Router } from "./router";
import { routes } from "./routes";
import * as both from "./words/common";

const words = pick(both);

/** The store: the page of the address. */
export function App() {
  return (
    <Router
      routes={routes}
      lost={
        <Empty title={words.lost} why={words.lost_why}>
          <Link to="/" className="primary">
            {words.to_home}
          </Link>
        </Empty>
      }
      failed={(again) => <ErrorState error={new TypeError()} again={again} />}
    />
  );
}
