// Starts what a page asks for; every page can be read without any of it.
import { keepTime } from "./clock.js";
import { followFleet } from "./fleet.js";
import { keepFresh } from "./regions.js";
import { sortTables } from "./sorting.js";
import { connect } from "./stream.js";

keepTime();
sortTables();

const signedIn = document.documentElement.dataset.stream;
if (signedIn) {
  const stream = connect(signedIn, document.querySelector("[data-pill]"));
  followFleet(stream);
}
keepFresh();
