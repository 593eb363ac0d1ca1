package config

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// resolve runs the whole path of a command line.
func resolve(t *testing.T, args, environ []string) (Config, error) {
	t.Helper()
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f := Register(fs)
	if err := fs.Parse(args); err != nil {
		return Config{}, err
	}
	return f.Resolve(environ)
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "huoshui.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagsOverEnvironmentOverFile(t *testing.T) {
	path := file(t, "data: /from/file\nlisten: 127.0.0.1:1\nlog-format: json\nroles: [api, worker]\n")
	c, err := resolve(t, []string{"--config", path, "--data", "/from/flag"},
		[]string{"HUOSHUI_DATA=/from/env", "HUOSHUI_LISTEN=127.0.0.1:2", "PATH=/bin", "HUOSHUI_TEST_POSTGRES=x"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Data, want.Listen, want.LogFormat, want.Roles = "/from/flag", "127.0.0.1:2", "json", []Role{API, Worker}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Fatal(diff)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		args, environ []string
		want          string
	}{
		"unknown flag":        {args: []string{"--datta", "x"}, want: "datta"},
		"unknown environment": {environ: []string{"HUOSHUI_DATTA=x"}, want: "HUOSHUI_DATTA"},
		"unknown key":         {args: []string{"--config", file(t, "data: x\ndatta: y\n")}, want: `:2: there is no setting "datta"`},
		"bad role":            {args: []string{"--roles", "api,cook"}, want: "cook"},
		"bad store":           {args: []string{"--store", "mysql://x"}, want: "postgres://"},
		"bad listen":          {args: []string{"--listen", "8080"}, want: "host:port"},
		"bad format":          {environ: []string{"HUOSHUI_LOG_FORMAT=xml"}, want: "HUOSHUI_LOG_FORMAT"},
		"bad public url":      {args: []string{"--public-url", "example"}, want: "public-url"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resolve(t, c.args, c.environ)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestPrintShowsNoSecret(t *testing.T) {
	c, err := resolve(t, []string{
		"--store", "postgres://app:hunter2@db/huoshui?sslpassword=hunter2",
		"--stream", "nats://u:hunter2@n:4222,nats://u:hunter2@m:4222,u:hunter2@o:4222,p:4222",
		"--master-key", "aHVudGVyMg==",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "aHVudGVyMg"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is shown:\n%s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "postgres://app:********@db/huoshui") || !strings.Contains(out.String(), "u:********@o:4222,p:4222") {
		t.Errorf("the address is not recognisable:\n%s", out.String())
	}
}

func TestBaseURL(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080",
		"0.0.0.0:80":     "http://localhost:80",
		"[::]:80":        "http://localhost:80",
	} {
		if got := Default().BaseURL(addr); got != want {
			t.Errorf("BaseURL(%q) = %q, want %q", addr, got, want)
		}
	}
}

func TestOneProcessPerDataDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(dir); !errors.Is(err, ErrInUse) {
		t.Fatalf("second claim: %v, want ErrInUse", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := Acquire(dir)
	if err != nil {
		t.Fatalf("claim after release: %v", err)
	}
	again.Release()
}
