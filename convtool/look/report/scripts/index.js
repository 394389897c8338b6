import { mountTheme } from "./theme.js";

mountTheme(document.getElementById("theme"));
document.documentElement.dataset.ready = "true";
