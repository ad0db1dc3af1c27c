// Checks every KQL query of infra/azure with Microsoft's own parser: kql_check.js FOLDER_WITH_NODE_MODULES
//
// A query must parse, and name only tables, columns and functions that there are: the tables of .ci/schemas/columns.csv,
// the functions of infra/azure/kql/functions. Then each query gets a wrong column, which must be found, so that a check
// that finds nothing fails.
"use strict";

const fs = require("fs");
const path = require("path");

const root = path.resolve(__dirname, "..");
const azure = path.join(root, "infra/azure");
const kql = path.join(azure, "kql");
const parser = path.join(path.resolve(process.argv[2]), "node_modules/@kusto/language-service-next");
require(path.join(parser, "bridge.js"));
require(path.join(parser, "Kusto.Language.Bridge.js"));

const Language = globalThis.Kusto.Language;
const problems = [];

// What the portal and the templates put into queries.
const parameters = {
    workbook: { "{TimeRange:grain}": "1h", "{Tenant}": "'*'" },
    alerts: { "{TenantName}": "example-tenant", "{FunctionName}": "azure-webhook-ingest", "{LagSeconds}": "900" },
};

function filled(folder, text) {
    let query = text;
    for (const [name, value] of Object.entries(parameters[folder] ?? {})) {
        query = query.replaceAll(name, value);
    }
    return query;
}

function queries() {
    const found = [];
    for (const folder of fs.readdirSync(kql).sort()) {
        for (const name of fs.readdirSync(path.join(kql, folder)).sort()) {
            const text = fs.readFileSync(path.join(kql, folder, name), "utf8");
            found.push({ folder, name: path.basename(name, ".kql"), file: `${folder}/${name}`, text });
        }
    }
    return found;
}

function module(name) {
    return fs.readFileSync(path.join(azure, "modules", `${name}.bicep`), "utf8");
}

// --- what there is

function tables() {
    const columns = new Map();
    const [, ...rows] = fs.readFileSync(path.join(root, ".ci/schemas/columns.csv"), "utf8").trim().split("\n");
    for (const row of rows) {
        const [table, column, type] = row.split(",");
        columns.set(table, [...(columns.get(table) ?? []), `${column}: ${type}`]);
    }
    return [...columns].map(([table, list]) => new Language.Symbols.TableSymbol.$ctor7(table, `(${list.join(", ")})`, ""));
}

/** The functions, with the parameters that the module gives them. */
function functions(all) {
    const declared = new Map();
    for (const [, alias, list] of module("workspace-functions").matchAll(/alias: '(\w+)'\s+parameters: '([^']*)'/g)) {
        declared.set(alias, list);
    }
    const own = all.filter((query) => query.folder === "functions");
    const names = own.map((query) => query.name).sort();
    if (names.join() !== [...declared.keys()].sort().join()) {
        problems.push(`workspace-functions.bicep has ${[...declared.keys()]}, the folder ${names}`);
    }
    return own.map(({ name, text }) => {
        const list = declared.get(name) ?? "";
        return new Language.Symbols.FunctionSymbol.$ctor16(name, `(${list})`, `{ ${text}\n}`, "");
    });
}

function globals(all) {
    const members = [...tables(), ...functions(all)];
    const database = new Language.Symbols.DatabaseSymbol.$ctor2("workspace", "", members);
    return { state: Language.GlobalState.Default.WithDatabase(database), members };
}

// --- the checks

function diagnostics(text, state) {
    const code = Language.KustoCode.ParseAndAnalyze(text, state);
    const found = code.GetDiagnostics();
    const list = [];
    for (let i = 0; i < found.Count; i += 1) {
        const one = found.getItem(i);
        list.push(`${one.Code} ${one.Message} at \`${text.substr(one.Start, Math.max(one.Length, 12)).split("\n")[0]}\``);
    }
    return { code, list };
}

/** A scalar function is checked inside a query, where its parameters have values. */
function checked(query) {
    const text = filled(query.folder, query.text);
    return query.name === "Auth0Record" ? `Auth0Logs_CL | extend Columns = dynamic({}) | extend Record = (\n${text}\n)` : text;
}

function syntaxNodes(code, wanted) {
    const found = [];
    const visit = (element) => {
        if (wanted(element)) {
            found.push(element);
        }
        for (let i = 0; i < element.ChildCount; i += 1) {
            const child = element.GetChild(i);
            if (child) {
                visit(child);
            }
        }
    };
    visit(code.Syntax);
    return found;
}

/** The first name that stands for a column of a table or function, and not one that the query makes. */
function firstColumn(code) {
    const isColumn = (element) => {
        const symbol = element instanceof Language.Syntax.NameReference ? element.ReferencedSymbol : null;
        return symbol instanceof Language.Symbols.ColumnSymbol;
    };
    return syntaxNodes(code, isColumn)[0];
}

function check(query, state) {
    const text = checked(query);
    const left = text.match(/\{\w+(:\w+)?\}/);
    if (left) {
        problems.push(`${query.file}: nobody fills ${left[0]}`);
    }
    const { code, list } = diagnostics(text, state);
    problems.push(...list.map((one) => `${query.file}: ${one}`));
    const column = firstColumn(code);
    if (!column) {
        return 0;
    }
    const wrong = `${text.slice(0, column.TextStart)}NoSuchColumn${text.slice(column.TextStart + column.Width)}`;
    if (diagnostics(wrong, state).list.length === 0) {
        problems.push(`${query.file}: a wrong column in the place of ${column.SimpleName} is not found`);
    }
    return 1;
}

const wrongQueries = [
    "Auth0Logs_CL | where Eventtype == 's'",
    "Auth0Rows | project Raw",
    "Auth0Events | where EventOutcom == 'failure'",
    "AppTraces | where Category == 'Host.Function.Console'",
    "Auth0RelayCounters | summarize sum(setaside)",
    "Auth0Log_CL | count",
    "Auth0Rows | extend x = Auth0Record()",
    "Auth0Rows | where EventType in ('s'",
    "Auth0Rows | summarize count() by bin(EventType, 1h)",
    "ASimAuthenticationEventLogs | project EventSchema",
];

function checkModules(all) {
    const loads = new Map();
    for (const name of fs.readdirSync(path.join(azure, "modules")).filter((name) => name.endsWith(".bicep"))) {
        const text = fs.readFileSync(path.join(azure, "modules", name), "utf8");
        for (const [, file] of text.matchAll(/loadTextContent\('\.\.\/kql\/([^']+)'\)/g)) {
            loads.set(file, [...(loads.get(file) ?? []), text]);
        }
        // A query in the template itself would be read by no check.
        for (const [line] of text.matchAll(/^\s*(query|body): '.*$/gm)) {
            problems.push(`modules/${name}: a query that is no file: ${line.trim()}`);
        }
    }
    for (const { folder, file, text } of all) {
        const modules = loads.get(file) ?? [];
        if (modules.length === 0) {
            problems.push(`${file}: no module loads it`);
        }
        for (const parameter of Object.keys(parameters[folder] ?? {})) {
            const isReplaced = (own) => folder === "workbook" || own.includes(`'${parameter}'`);
            if (text.includes(parameter) && !modules.every(isReplaced)) {
                problems.push(`${file}: its module does not fill ${parameter}`);
            }
        }
    }
    const files = new Set(all.map(({ file }) => file));
    for (const file of loads.keys()) {
        if (!files.has(file)) {
            problems.push(`${file}: loaded, and not there`);
        }
    }
}

/** Queries over log events are deployed only where the plan of the table lets them run, and alerts need none of them. */
function checkPlans(all) {
    const text = (file) => all.find((query) => query.file === file)?.text ?? "";
    const readsEvents = (file) => /Auth0(Rows|Events|EventsAndOld|Logs_CL)\b/.test(text(file).replace(/^\/\/.*$/gm, ""));
    let count = 0;
    for (const name of ["workspace-functions", "saved-queries", "workbook"]) {
        const entry = /(?:body|query): loadTextContent\('\.\.\/kql\/([^']+)'\)[^{}]*?readsEvents: (true|false)/g;
        for (const [, file, flag] of module(name).matchAll(entry)) {
            count += 1;
            if (readsEvents(file) !== (flag === "true")) {
                problems.push(`${name}.bicep: readsEvents of ${file} is ${flag}`);
            }
        }
    }
    const others = all.filter(({ folder }) => folder === "alerts").filter(({ file }) => readsEvents(file));
    problems.push(...others.map(({ file }) => `${file}: an alert that reads log events`));
    const flagged = all.filter(({ folder }) => ["functions", "queries", "workbook"].includes(folder)).length;
    if (count !== flagged - 1) {
        problems.push(`${count} queries say whether they read log events, all of ${flagged} but the list of tenants must`);
    }
}

/** The columns that a query returns, with their types. */
function resultOf(file, all, state) {
    const { code } = diagnostics(checked(all.find((query) => query.file === file)), state);
    const { Columns } = code.ResultType;
    return new Map(Array.from({ length: Columns.Count }, (_, i) => [Columns.getItem(i).Name, Columns.getItem(i).Type.Name]));
}

/** What the templates name of a result is there: dimensions of alerts, entities of incidents, axes of charts. */
function checkResults(all, state) {
    let count = 0;
    const must = (holds, what) => {
        count += 1;
        return holds || problems.push(what);
    };
    const text = module("detections");
    const [, details] = text.match(/customDetails: \{([^}]*)\}/);
    const named = [
        ...text.matchAll(/columnName: '(\w+)'|name: '(\w+)'\n\s+operator: 'Include'/g),
        ...details.matchAll(/: '(\w+)'/g),
    ];
    for (const { file } of all.filter(({ folder }) => folder === "detections")) {
        const columns = resultOf(file, all, state);
        // With a time of its own in the result, the service would count by it, and late events would be left out.
        must(!columns.has("TimeGenerated"), `${file}: returns TimeGenerated`);
        for (const name of named.map(([, ...names]) => names.find(Boolean))) {
            must(columns.get(name) === "string", `${file}: returns no text ${name}, which detections.bicep names`);
        }
    }
    for (const [, file, list] of module("alerts").matchAll(/kql\/(alerts\/[^']+)'[\s\S]*?dimensions: \[(.*?)\]/g)) {
        const columns = resultOf(file, all, state);
        for (const [, name] of list.matchAll(/'(\w+)'/g)) {
            must(columns.get(name) === "string", `${file}: returns no text ${name}, which alerts.bicep names`);
        }
    }
    for (const [, file, kind] of module("workbook").matchAll(/kql\/(workbook\/[^']+)'\)\s+visualization: '(\w+)'/g)) {
        const types = [...resultOf(file, all, state).values()];
        const isChart = types.join() === "datetime,string,long";
        must(kind === "table" || (kind === "timechart" && isChart), `${file}: ${types} is no ${kind}`);
    }
    if (count < 50) {
        problems.push(`only ${count} names of results found`);
    }
    return count;
}

/** What Azure refuses or does silently, and the compiler does not see. */
function checkResources(all) {
    const must = (holds, what) => holds || problems.push(what);
    let count = 0;
    for (const name of ["workspace-functions", "saved-queries", "alerts", "detections"]) {
        for (const resource of module(name).split(/^resource /m).slice(1)) {
            const [symbol] = resource.split(" ");
            if (resource.includes("'Microsoft.Insights/scheduledQueryRules@")) {
                count += 1;
                must(resource.includes("skipQueryValidation: true"), `${name}.bicep: ${symbol} is refused before its table is there`);
                const mutes = resource.includes("muteActionsDuration") && !resource.includes("autoMitigate: false");
                must(!mutes, `${name}.bicep: ${symbol} mutes what resolves by itself`);
            }
            if (resource.includes("/savedSearches@")) {
                count += 1;
                must(resource.includes("etag: '*'"), `${name}.bicep: the second deployment of ${symbol} ends with 409`);
            }
        }
    }
    must(count === 4, `${count} of 4 resources found`);
    const frequencies = [...module("detections").matchAll(/(?:queryFrequency|evaluationFrequency): '(\w+)'/g)].map(([, value]) => value);
    must(frequencies.join() === "PT5M,PT5M", `detections run every ${frequencies}`);
    for (const { file, text } of all.filter(({ folder }) => folder === "detections")) {
        must(text.includes("| where IngestedAt > ago(5m)\n"), `${file}: does not read what arrived since the last run`);
        must(text.includes("\nAuth0Rows\n"), `${file}: does not read every table`);
    }
    for (const [, name] of module("alerts").matchAll(/'\{FunctionName\}', '([\w-]+)'/g)) {
        must(fs.existsSync(path.join(root, "functions", name)), `alerts.bicep: there is no function ${name}`);
    }
    const rows = all.find(({ file }) => file === "functions/Auth0Rows.kql").text;
    must(/^union isfuzzy=true$/m.test(rows), "Auth0Rows: a table that is not there stops it");
    for (const table of ["Auth0Logs_CL", "ASimAuthenticationEventLogs", "ASimAuditEventLogs"]) {
        must(new RegExp(`^    ${table}$`, "m").test(rows), `Auth0Rows: does not read ${table}`);
    }
    // The one way to what lies in Raw and AdditionalFields.
    for (const { file, text } of all.filter(({ name }) => name !== "Auth0Record")) {
        const used = /Auth0Record\((Raw|AdditionalFields), |Kept = (Raw|AdditionalFields),/g;
        const around = text.replace(/^\s*\/\/.*$/gm, "").replace(used, "");
        must(!/\b(Raw|AdditionalFields)\b/.test(around), `${file}: reads Raw or AdditionalFields itself`);
    }
}

/** Queries in pages. */
function checkPages(state) {
    let count = 0;
    for (const name of fs.readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".md"))) {
        const page = fs.readFileSync(path.join(root, "docs", name), "utf8");
        for (const [, query] of page.matchAll(/^```kql\n([\s\S]*?)^```$/gm)) {
            count += 1;
            problems.push(...diagnostics(query, state).list.map((one) => `docs/${name}: ${one}`));
        }
    }
    return count;
}

/** Transforms of data collection rules read the stream that they stand beside. */
function checkTransforms(state) {
    let count = 0;
    const bicep = fs.readdirSync(azure, { recursive: true }).filter((name) => name.endsWith(".bicep"));
    for (const name of bicep) {
        const text = fs.readFileSync(path.join(azure, name), "utf8");
        for (const [, transform] of text.matchAll(/transformKql: '([^']*)'/g)) {
            const { list } = diagnostics(`let source = Auth0Logs_CL; ${transform}`, state);
            problems.push(...list.map((one) => `${name}: ${one}`));
            count += 1;
        }
    }
    return count;
}

function main() {
    const all = queries();
    const { state } = globals(all);
    const mutated = all.map((query) => check(query, state)).reduce((sum, one) => sum + one, 0);
    if (mutated < all.length - 2) {
        problems.push(`only ${mutated} of ${all.length} queries name a column`);
    }
    for (const wrong of wrongQueries) {
        if (diagnostics(wrong, state).list.length === 0) {
            problems.push(`nothing is found in: ${wrong}`);
        }
    }
    checkModules(all);
    checkPlans(all);
    checkResources(all);
    const pages = checkPages(state);
    const named = checkResults(all, state);
    const transforms = checkTransforms(state);
    console.log(`${all.length} queries, ${transforms} transforms, ${pages} in pages, ${named} names of results; a wrong column found in ${mutated}, ${wrongQueries.length} wrong queries tried`);
    for (const problem of problems) {
        console.log(problem);
    }
    console.log(`${problems.length} problems`);
    process.exitCode = problems.length === 0 ? 0 : 1;
}

main();
