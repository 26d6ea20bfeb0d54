"""The renderers for machines on the hand-made documents: what a consumer of each format relies on."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import documents  # noqa: E402

RENDER = os.path.join(os.environ["SNARL_BUILD"], "tests", "html", "snarl_render_document")


def render(kind, document):
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in.json"), os.path.join(folder, "out")
        documents.write(source, document)
        subprocess.run([RENDER, kind, source, target], check=True, timeout=60)
        with open(target, encoding="utf-8") as out:
            return out.read()


ALL = documents.documents()["all"]
CLEAN = documents.documents()["clean"]


def judged(**changes):
    """One deadlock, as a gate left it."""
    document = documents.document([documents.deadlock()])
    document["findings"][0].update(changes)
    return document


class Sarif(unittest.TestCase):
    def run_of(self, document):
        return json.loads(render("sarif", document))["runs"][0]

    def test_every_finding_is_a_result_with_a_rule(self):
        run = self.run_of(ALL)
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        self.assertEqual(len(run["results"]), 7)
        for result, finding in zip(run["results"], ALL["findings"]):
            self.assertEqual(rules[result["ruleIndex"]], finding["kind"])
            self.assertEqual(result["ruleId"], finding["kind"])
            self.assertEqual(result["partialFingerprints"]["snarlFingerprint/v1"], finding["fingerprint"])
            self.assertEqual(len(result["stacks"]), len(finding["events"]) + (finding["kind"] == "data-race"))

    def test_one_thread_flow_per_thread_in_one_order(self):
        result = self.run_of(judged())["results"][0]
        flows = result["codeFlows"][0]["threadFlows"]
        self.assertEqual([flow["message"]["text"] for flow in flows], ["pay-in", "pay-out"])
        orders = [[place["executionOrder"] for place in flow["locations"]] for flow in flows]
        self.assertEqual(orders, [[1, 3], [2, 4]])

    def test_the_primary_location_is_the_programs_own(self):
        document = judged()
        stack = document["findings"][0]["events"][0]["stack"]
        stack.insert(0, dict(documents.LIBC, function="pthread_mutex_lock", file="nptl/pthread_mutex_lock.c", line=93))
        place = self.run_of(document)["results"][0]["locations"][0]
        self.assertEqual(place["logicalLocations"][0]["fullyQualifiedName"], "pay_in")
        self.assertTrue(place["physicalLocation"]["artifactLocation"]["uri"].endswith("src/bank.c"))

    def test_paths_below_the_repository_are_relative_to_it(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, ".git"))
            os.makedirs(os.path.join(folder, "work"))
            document = judged()
            document["run"]["cwd"] = os.path.join(folder, "work")
            frame = document["findings"][0]["events"][0]["stack"][0]
            frame["file"] = "../src/./a b#.c"
            run = self.run_of(document)
        artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        self.assertEqual(artifact, {"uri": "src/a%20b%23.c", "uriBaseId": "SRCROOT"})
        self.assertEqual(run["originalUriBaseIds"]["SRCROOT"]["uri"], f"file://{folder}/")

    def test_states(self):
        result = self.run_of(judged(baseline="unchanged"))["results"][0]
        self.assertEqual((result["baselineState"], result["suppressions"]), ("unchanged", []))
        result = self.run_of(judged(suppressed=True, suppressed_by="s.txt:3: deadlock:pay_in"))["results"][0]
        self.assertEqual(result["suppressions"][0]["justification"], "s.txt:3: deadlock:pay_in")
        self.assertNotIn("baselineState", result)

    def test_the_limits_of_code_scanning(self):
        document = judged()
        document["findings"][0]["events"] *= 300
        result = self.run_of(document)["results"][0]
        self.assertLessEqual(len(result["locations"]) + len(result["relatedLocations"]), 1000)
        self.assertLessEqual(sum(len(f["locations"]) for f in result["codeFlows"][0]["threadFlows"]), 1000)


class JUnit(unittest.TestCase):
    def suite(self, document):
        return xml.fromstring(render("junit", document))[0]

    def test_a_clean_run_passes(self):
        suite = self.suite(CLEAN)
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("7", "0"))
        self.assertEqual(len(suite.findall("testcase")), 7)
        self.assertEqual(suite.findall(".//failure"), [])

    def test_findings_fail_with_their_stacks(self):
        suite = self.suite(ALL)
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("14", "14"))
        failure = suite.find("testcase[@classname='snarl.deadlock']/failure")
        self.assertIn("pay_in", failure.text)
        self.assertIn("bank.c", failure.text)

    def test_what_does_not_fail_is_skipped(self):
        suite = self.suite(judged(suppressed=True))
        self.assertEqual((suite.get("failures"), suite.get("skipped")), ("0", "1"))
        document = judged(fails=False)
        document["gate"] = {"fail_on": ["data-race"]}
        self.assertEqual(self.suite(document).get("failures"), "0")

    def test_what_breaks_a_rule_is_said_in_its_own_words(self):
        document = documents.documents()["misuse"]
        event = document["findings"][0]["events"][0]
        event["what"] = "destroys a lock that is held"
        self.assertIn("bank: destroys a lock that is held: lock_b in close_account", self.suite(document).find(
            "testcase[@classname='snarl.lock-misuse']/failure").text)

    def test_control_characters_do_not_break_it(self):
        suite = self.suite(judged(message="\x01\x1b[31m<&>\"'\ufffe\uffff é"))
        self.assertEqual(suite.find("testcase[@classname='snarl.deadlock']/failure").get("message"),
                         "\ufffd\ufffd[31m<&>\"'\ufffd\ufffd é")


class Texts(unittest.TestCase):
    def test_dot_marks_the_cycle_and_keeps_names_quoted(self):
        dot = render("dot", ALL)
        self.assertEqual(dot.count("penwidth=2"), 6)
        self.assertIn('label="lock_a"', dot)
        hostile = render("dot", documents.hostile())
        self.assertIn('window.evil=1\\"', hostile)

    def test_markdown_holds_no_markup_of_the_program(self):
        page = render("markdown", documents.hostile())
        self.assertNotIn("<script", page)
        self.assertNotIn("<img", page)
        self.assertIn("## snarl: 3 findings to look at", page)
        self.assertIn("nothing found", render("markdown", CLEAN))

    def test_markdown_tells_races_of_one_group_together(self):
        page = render("markdown", documents.documents()["alike"])
        self.assertIn("## snarl: 5 findings to look at", page)
        self.assertEqual(page.count("<details>"), 2)
        self.assertIn(", and 3 more of the same two functions on the same memory</summary>", page)

    def test_annotations_are_one_line_each(self):
        lines = render("github", judged(message="50 % of it\nis, a: lie")).splitlines()
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"^::error file=.*bank\.c,line=\d+,title=snarl%3A Deadlock::50 %25 of it%0Ais, a: lie ")
        self.assertEqual(render("github", judged(suppressed=True)), "")

    def test_html_data_cannot_leave_its_element(self):
        page = render("html", documents.hostile())
        self.assertEqual(page.count("</script>"), 2)
        self.assertEqual(page.count("<script"), 2)
        self.assertNotIn("<img", page)


class ManyProcesses(unittest.TestCase):
    def test_the_lock_order_of_many_processes_is_one_graph_of_classes(self):
        document = documents.documents()["clean"]
        edges = document["lock_graph"]["edges"] = documents.graph()["edges"][:2]
        for other in range(20):
            for edge in documents.graph()["edges"][:2]:
                edges.append(dict(edge, process=f"{other}-x", **{
                    "from": f"{other}-x/1", "to": f"{other}-x/2", "count": 1}))
        dot = render("dot", document)
        self.assertEqual(dot.count(" -> "), 2)
        self.assertIn("61×", dot)  # 41 of the first process, one of each other
        self.assertIn('label="lock_a"', dot)


class BadInput(unittest.TestCase):
    def test_documents_of_other_shapes_do_no_harm(self):
        strange = [{}, {"findings": 3}, {"findings": [None, 5, {}, {"events": "x"}]}, {"lock_graph": []},
                   {"findings": [{"kind": "new-kind", "events": [{"stack": [{}, 1]}, None, {"thread": 7}]}]},
                   {"locks": [{}], "threads": [None], "notes": ["text", {}], "processes": [{}], "run": []}]
        for document in strange:
            for kind in ("html", "sarif", "junit", "dot", "markdown", "github"):
                with self.subTest(kind=kind, document=document):
                    render(kind, document)

    def test_nothing_is_left_of_a_report_that_cannot_be_written(self):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "in.json")
            documents.write(source, ALL)
            target = os.path.join(folder, "none", "out.html")
            done = subprocess.run([RENDER, "html", source, target], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"cannot write {target}", done.stderr)
            self.assertEqual(os.listdir(folder), ["in.json"])


if __name__ == "__main__":
    unittest.main()
