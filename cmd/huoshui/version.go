package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"huoshui/internal/httpapi"
	"huoshui/internal/platform/telemetry"
)

var versionCommand = command{
	summary: "Print what this binary is",
	usage:   "[--json]",
	run: func(_ context.Context, e *env, args []string) error {
		f := newFlags(e, "version")
		format := f.formatFlag(formatText, formatJSON)
		if _, _, err := f.parse(args, 0); err != nil {
			return err
		}
		if *format == formatJSON {
			return json.NewEncoder(e.stdout).Encode(map[string]string{
				"version": telemetry.Version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
			})
		}
		_, err := fmt.Fprintf(e.stdout, "huoshui %s (%s, %s/%s)\n", telemetry.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	},
}

var openapiCommand = command{
	summary: "Print the OpenAPI document of the server",
	usage:   "",
	run: func(_ context.Context, e *env, args []string) error {
		if _, _, err := newFlags(e, "openapi").parse(args, 0); err != nil {
			return err
		}
		document, err := httpapi.Document()
		if err != nil {
			return err
		}
		_, err = e.stdout.Write(document)
		return err
	},
}
