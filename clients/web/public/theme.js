// Runs before the first paint, so that neither theme flashes the other.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("caffis.theme");
    } catch {
      // Storage is forbidden: the system's theme it is.
    }
    const theme =
      chosen === "light" || chosen === "dark" ? chosen : dark.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
  };
  dark.addEventListener("change", apply);
  addEventListener("caffis:theme", apply);
  apply();
})();
