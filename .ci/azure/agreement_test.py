"""What templates, parameter files, script and page say of each other in infra/azure is the same.

python3 .ci/azure/agreement_test.py                  ends 0 if all holds
python3 .ci/azure/agreement_test.py --parameters     prints the table of docs/azure-parameters.md
"""

import re
import sys

from bicep_files import AZURE, MAIN, READ, ROOT, SCRIPT, holds, run, same


def main_only_composes_and_parameters_say_whether_they_are_needed():
    same(MAIN["resources"], {}, "resources of main.bicep")
    for file, read in READ.items():
        for name, declared in read["params"].items():
            said = read["descriptions"][f"param {name}"]
            holds(said, f"{file}: {name} has no description")
            may_be_left_out = "=" in declared or declared.endswith("?")
            wanted = ("Optional. ", "Conditional. ") if may_be_left_out else ("Required. ",)
            holds(said.startswith(wanted), f"{file}: {name} is {declared}, and says: {said}")
        for name in read["outputs"]:
            holds(read["descriptions"][f"output {name}"], f"{file}: {name} has no description")


def every_member_of_a_type_says_what_it_is():
    lines = (AZURE / "types.bicep").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if not re.match(r"  \w+: ", line):
            continue
        above = number - 1
        while re.match(r"  @(min|max)", lines[above]):
            above -= 1
        wanted = "Optional" if line.endswith("?") else "Required"
        holds(lines[above].startswith(f"  @description('{wanted}. "), f"types.bicep: {line.strip()}")


def every_environment_has_a_file_for_each_template():
    files = {path.name for path in AZURE.glob("*.bicepparam")}
    environments = {name.split(".")[1] for name in files}
    holds({"test", "production"} <= environments, environments)
    same(files, {f"{template}.{name}.bicepparam" for template in ("main", "subscriptions") for name in environments}, "files")


def what_parameter_files_and_script_say_to_each_other_is_the_same():
    files = {path.name: path.read_text(encoding="utf-8") for path in AZURE.glob("*.bicepparam")}
    asked = {name: set(re.findall(r"readEnvironmentVariable\('(\w+)'", text)) for name, text in files.items()}
    exported = {}
    for function, template in (("deploy_main", "main"), ("deploy_subscriptions", "subscriptions")):
        body = SCRIPT.partition(f"{function}() {{")[2].partition("\n}")[0]
        words = re.findall(r"(?m)^    export (.*)$", body)
        exported[template] = {word.split("=")[0] for line in words for word in line.split()}
    for name, variables in asked.items():
        template = name.split(".")[0]
        # The caller's own, where there is a webhook besides ours.
        same(variables - {"WEBHOOK_DESTINATION_URL"}, exported[template], name)
    for name in re.findall(r"\$\(output (\w+)\)", SCRIPT):
        holds(name in MAIN["outputs"], f"deploy.sh reads an output {name}")


def the_scripts_providers_are_those_of_the_resources():
    used = {kind.split("/")[0] for read in READ.values() for body in read["resources"].values() if "." in (kind := body["@kind"])}
    registered = set(re.search(r"PROVIDERS='([^']+)'", SCRIPT)[1].split())
    # Authorization is always there; Event Hubs and Service Bus are the caller's own.
    mine = used - {"Microsoft.Authorization", "Microsoft.EventHub", "Microsoft.ServiceBus"}
    holds(mine <= registered, mine - registered)


def parameter_rows():
    """The rows of docs/azure-parameters.md: every parameter of both templates, as its declaration says."""
    for template in ("main.bicep", "subscriptions.bicep"):
        yield f"## {template}"
        yield from ("", "| parameter | type | unless set | |", "|---|---|---|---|")
        read = READ[template]
        for name, declared in read["params"].items():
            kind, _, otherwise = (part.strip() for part in declared.partition(" = "))
            said = read["descriptions"][f"param {name}"].replace("\\'", "'").partition(". ")
            shown = "" if otherwise in ("", "''") else f"`{otherwise}`"
            kind = re.sub(r"Type\b", "", kind.replace("|", "\\|"))
            yield f"| `{name}` | `{kind}` | {shown if otherwise else said[0].lower()} | {said[2]} |"
        yield ""


def the_page_of_parameters_is_what_the_templates_declare():
    page = (ROOT / "docs/azure-parameters.md").read_text(encoding="utf-8")
    _, _, table = page.partition("<!-- The rest is printed by: python3 .ci/azure/agreement_test.py --parameters -->\n\n")
    same(table.splitlines(), list(parameter_rows())[:-1], "docs/azure-parameters.md")


if __name__ == "__main__":
    if sys.argv[1:] == ["--parameters"]:
        print("\n".join(list(parameter_rows())[:-1]))
    else:
        run(sys.modules[__name__], helpers=(parameter_rows,))
