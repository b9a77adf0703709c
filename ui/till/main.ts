import "@fontsource-variable/noto-sans";
import "@fontsource-variable/noto-sans-arabic";
import "@fontsource-variable/noto-sans-devanagari";
import "../shared/tokens.css";
import { mount } from "svelte";
import App from "./App.svelte";
import Display from "./Display.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
const display = new URLSearchParams(location.search).get("window") === "display";
mount(display ? Display : App, { target });
