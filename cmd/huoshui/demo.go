package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
)

var demoCommand = command{
	summary: "Make the demo brand, serve it, and sign in",
	usage:   "[--data DIR] [--listen HOST:PORT] [--people N] [--seed N]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "demo")
		people := f.Int("people", 20_000, "customers the brand starts with; only for a new data directory")
		seed := f.Uint64("seed", 0, "another brand of the same kind; only for a new data directory")
		format := f.formatFlag(formatText, formatJSON)
		_, cfg, err := f.parse(args, 0)
		if err != nil {
			return err
		}
		if *people < 200 || *people > 2_000_000 {
			return usagef("--people must be between 200 and 2000000")
		}
		given := false
		f.Visit(func(one *flag.Flag) { given = given || one.Name == "data" })
		if !given && cfg.Data == config.Default().Data {
			cfg.Data = "./data-demo" // never in the middle of a real brand's data
		}
		began := time.Now()
		show := demoScreen{out: e.stdout, json: *format == formatJSON, began: began}
		return app.RunDemo(ctx, cfg, app.Options{Notice: io.Discard}, app.DemoOptions{
			People: *people, Seed: *seed, Stage: show.stage, Ready: show.ready,
		})
	},
}

// demoScreen tells a person at a terminal, or a script, how far the demo is.
type demoScreen struct {
	out   io.Writer
	json  bool
	began time.Time
}

func (d demoScreen) stage(name string) {
	if !d.json {
		fmt.Fprintf(d.out, "  %5.1f s  %s\n", time.Since(d.began).Seconds(), name)
	}
}

func (d demoScreen) ready(door app.DemoDoor) {
	if d.json {
		_ = json.NewEncoder(d.out).Encode(door) // nobody reads any more: nothing to tell
		return
	}
	password := door.Password
	if password == "" {
		password = "as before 密码不变"
	}
	fmt.Fprintf(d.out, `
  The demo brand is open. 演示品牌已就绪。

    console   %s        (signs you in, once; 打开即登录,用一次)
    phone     %s
    sign-in   %s / %s

`, door.SignInURL, door.PhoneURL, door.Login, password)
}
