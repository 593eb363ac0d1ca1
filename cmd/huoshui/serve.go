package main

import (
	"context"
	"fmt"

	"huoshui/internal/app"
)

var serveCommand = command{
	summary: "Run the server",
	usage:   "[--data DIR] [--listen HOST:PORT]",
	run: func(ctx context.Context, e *env, args []string) error {
		_, cfg, err := newFlags(e, "serve").parse(args, 0)
		if err != nil {
			return err
		}
		return app.Run(ctx, cfg, app.Options{
			Notice: e.stdout,
			Ready:  func(url string) { fmt.Fprintf(e.stdout, "Huoshui runs at %s\n", url) },
		})
	},
}
