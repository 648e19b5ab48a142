import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defaultServerConditions, type Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** What the first load is to weigh, in bytes of gzip, and from where on a build fails: tools differ by a little. */
const FIRST_LOAD_AIM = 150 * 1024;
const FIRST_LOAD_MOST = 153 * 1024;

/** Fails the build when the scripts and style sheets that the page asks for at once are too heavy. */
function firstLoadGuard(): Plugin {
  return {
    name: "first-load-guard",
    apply: "build",
    writeBundle({ dir = "" }) {
      const page = readFileSync(join(dir, "index.html"), "utf8");
      let bytes = 0;
      for (const [, name = ""] of page.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)) {
        bytes += gzipSync(readFileSync(join(dir, name)), { level: 9 }).length;
      }
      const weight = `The first load is ${(bytes / 1024).toFixed(1)} KB gzip`;
      if (bytes > FIRST_LOAD_MOST) {
        this.error(
          `${weight}, more than ${FIRST_LOAD_MOST / 1024} KB: load later what is opened later.`,
        );
      }
      this.info(`${weight}; the aim is ${FIRST_LOAD_AIM / 1024} KB.`);
    },
  };
}

/** How the modules import each other. */
interface ModuleGraph {
  getModuleInfo(id: string): { isEntry: boolean; importers: readonly string[] } | null;
}

/** Puts a .br and a .gz beside each text of the build; the server sends them as they are. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved({ root, build }) {
      folder = resolve(root, build.outDir);
    },
    closeBundle() {
      const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
      for (const name of names.filter((name) => /\.(html|js|css|json|svg|txt)$/.test(name))) {
        const path = join(folder, name);
        const bytes = readFileSync(path);
        const forms = { br: brotliCompressSync(bytes), gz: gzipSync(bytes, { level: 9 }) };
        for (const [ending, form] of Object.entries(forms)) {
          if (form.length < bytes.length) writeFileSync(`${path}.${ending}`, form);
        }
      }
    },
  };
}

/** The style sheets of the components, in an order that is the same in every build. */
const sheets = readdirSync(join(import.meta.dirname, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".module.css"))
  .sort();

const classes = new Map<number, string[]>();

/** A class of a component: the number of its sheet and its own number in it, much shorter than a name with a hash. */
function className(name: string, file: string): string {
  const sheet = sheets.indexOf(relative(join(import.meta.dirname, "src"), file));
  const names = classes.get(sheet) ?? [];
  classes.set(sheet, names);
  if (!names.includes(name)) names.push(name);
  // In letters, so that no name begins with a digit and the number after it is set off.
  const letters = sheet.toString(26).replace(/\d/g, (digit) => "qrstuvwxyz".charAt(Number(digit)));
  return `${letters}${names.indexOf(name)}`;
}

/** What is needed at once is one chunk, not one for the page and one for what its later views share with it. */
function inFirstLoad(id: string, graph: ModuleGraph): string | null {
  const seen = new Set([id]);
  for (const each of seen) {
    const module = graph.getModuleInfo(each);
    if (module?.isEntry) return "first";
    // What an index passes on is needed by those who ask for it there, which is for the bundler to find.
    const importers = module?.importers ?? [];
    for (const importer of importers) if (!importer.endsWith("/src/index.ts")) seen.add(importer);
  }
  return null;
}

export default defineConfig({
  resolve: {
    // The page is built from the source of the client and of its hooks, so that it never waits for a build of them.
    conditions: ["source", "module", "browser", "import", "default"],
    // The hooks have packages of their own installed for their tests; the page has one of each.
    dedupe: ["@caffis/chat", "react", "react-dom"],
  },
  // And so are the tests.
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  // `npx vite` beside a server that was started with `--origins http://localhost:5173`.
  server: {
    proxy: { "/api": { target: process.env.CAFFIS_SERVER ?? "http://localhost:5002", ws: true } },
  },
  css: { modules: { generateScopedName: className } },
  plugins: [firstLoadGuard(), compressed()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: inFirstLoad }] } } },
  },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["test/**/*.test.{ts,tsx}"] } },
      {
        extends: true,
        test: {
          name: "journeys",
          include: ["journeys/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 90_000,
          hookTimeout: 90_000,
        },
      },
      {
        extends: true,
        test: { name: "figures", include: ["journeys/figures.ts"], hookTimeout: 90_000 },
      },
    ],
  },
});
