package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"huoshui/internal/platform/config"
)

// huoshui runs a command line and returns its exit code and what it wrote.
func huoshui(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs})
	return code, out.String(), errs.String()
}

func TestWordsOfTheCommandLine(t *testing.T) {
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{nil, exitUsage, "", "Usage: huoshui COMMAND"},
		{[]string{"help"}, exitOK, "  serve ", ""},
		{[]string{"--help"}, exitOK, "  serve ", ""},
		{[]string{"help", "serve"}, exitOK, "--listen", ""},
		{[]string{"serve", "--help"}, exitOK, "--listen", ""},
		{[]string{"sevre"}, exitUsage, "", `no command "sevre"`},
		{[]string{"version"}, exitOK, "huoshui ", ""},
		{[]string{"version", "extra"}, exitUsage, "", "extra"},
		{[]string{"version", "--json"}, exitOK, `"version"`, ""},
		{[]string{"version", "--format", "csv"}, exitUsage, "", "text, json"},
		{[]string{"doctor", "--datta", "x"}, exitUsage, "", "datta"},
		{[]string{"migrate", "--store", "mysql://x"}, exitUsage, "", "postgres://"},
		{[]string{"openapi"}, exitOK, `"openapi": "3.1`, ""},
	} {
		code, stdout, stderr := huoshui(t, c.args...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("huoshui %s: %d, stdout %.200q, stderr %q", strings.Join(c.args, " "), code, stdout, stderr)
		}
		if code == exitOK && stderr != "" || code != exitOK && stdout != "" {
			t.Errorf("huoshui %s: %d, answers and errors are mixed: %q and %q", strings.Join(c.args, " "), code, stdout, stderr)
		}
	}
	for name, c := range commands() {
		if c.summary == "" || strings.HasSuffix(c.summary, ".") || c.run == nil {
			t.Errorf("%s: summary %q", name, c.summary)
		}
	}
}

func TestMigrateAndDoctor(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := huoshui(t, "migrate", "--data", dir, "--json")
	var migrated struct {
		Engine  string   `json:"engine"`
		Applied []string `json:"applied"`
	}
	if err := json.Unmarshal([]byte(stdout), &migrated); code != exitOK || err != nil || migrated.Engine != "sqlite" || len(migrated.Applied) == 0 {
		t.Fatalf("%d %s %s", code, stdout, stderr)
	}
	if code, stdout, _ = huoshui(t, "migrate", "--data", dir); code != exitOK || strings.Contains(stdout, "applied") {
		t.Fatalf("again: %d %s", code, stdout)
	}

	diagnose := func(args ...string) (int, map[string]finding) {
		t.Helper()
		code, stdout, stderr := huoshui(t, append([]string{"doctor", "--listen", "127.0.0.1:0", "--json"}, args...)...)
		var out struct {
			Checks   []finding         `json:"checks"`
			Settings map[string]string `json:"settings"`
		}
		if err := json.Unmarshal([]byte(stdout), &out); err != nil {
			t.Fatalf("%v: %s %s", err, stdout, stderr)
		}
		byName := map[string]finding{}
		for _, f := range out.Checks {
			byName[f.Check] = f
			if !f.OK && f.Advice == "" {
				t.Errorf("%s fails without advice: %s", f.Check, f.Detail)
			}
		}
		return code, byName
	}
	code, found := diagnose("--data", dir)
	for _, name := range []string{"data", "lock", "disk", "key", "store", "stream", "warehouse", "listen"} {
		if !found[name].OK {
			t.Errorf("%s: %+v", name, found[name])
		}
	}
	if code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if err := os.WriteFile(dir+"/master.key", []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, found = diagnose("--data", dir); code != exitFail || found["key"].OK {
		t.Errorf("a damaged key: %d, %+v", code, found["key"])
	}
	if code, found = diagnose("--data", dir, "--store", "postgres://nobody:hunter2@127.0.0.1:1/none"); code != exitFail || found["store"].OK {
		t.Errorf("no database: %d, %+v", code, found["store"])
	} else if strings.Contains(found["store"].Detail, "hunter2") {
		t.Errorf("the password is shown: %s", found["store"].Detail)
	}
	lock, err := config.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if code, found = diagnose("--data", dir); code != exitOK || !strings.Contains(found["lock"].Detail, "/readyz") {
		t.Errorf("beside a server: %d, %+v", code, found["lock"])
	}
	if code, _, stderr = huoshui(t, "migrate", "--data", dir); code != exitFail || !strings.Contains(stderr, "in use") {
		t.Errorf("migrate beside a server: %d %s", code, stderr)
	}
}
