// Command huoshui is the whole product in one binary: the server, and the commands that work on its data.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // the business zone is known on machines without a zone database

	"huoshui/internal/platform/config"
	"huoshui/internal/platform/telemetry"
)

// Exit codes: scripts tell a mistake in the words from a failure of the work.
const (
	exitOK    = 0
	exitFail  = 1
	exitUsage = 2
)

// command is one word after huoshui.
type command struct {
	summary string // one line, in the imperative
	usage   string // arguments, as shown after the name
	run     func(ctx context.Context, e *env, args []string) error
}

// commands is the dispatcher's table; each command lives in a file of its own name.
func commands() map[string]command {
	return map[string]command{
		"demo":      demoCommand,
		"bench":     benchCommand,
		"rebuild":   rebuildCommand,
		"serve":     serveCommand,
		"migrate":   migrateCommand,
		"import":    importCommand,
		"rfm":       rfmCommand,
		"reconcile": reconcileCommand,
		"identity":  identityCommand,
		"layers":    layersCommand,
		"warehouse": warehouseCommand,
		"ledger":    ledgerCommand,
		"stream":    streamCommand,
		"doctor":    doctorCommand,
		"openapi":   openapiCommand,
		"version":   versionCommand,
	}
}

// env is what a command has of the outside.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	command        command // the one that runs
}

// usageError is a mistake in the words of the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usagef makes a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()})
	stop()
	os.Exit(code)
}

// run dispatches to a command and turns what it returns into an exit code; errors go to stderr, in one line.
func run(ctx context.Context, args []string, e *env) int {
	all := commands()
	if len(args) == 0 {
		help(e.stderr, all)
		return exitUsage
	}
	name := args[0]
	switch name {
	case "help", "-h", "--help":
		if len(args) > 1 && name == "help" {
			return run(ctx, []string{args[1], "--help"}, e)
		}
		help(e.stdout, all)
		return exitOK
	case "--version", "-v":
		name = "version"
	}
	c, ok := all[name]
	if !ok {
		fmt.Fprintf(e.stderr, "huoshui: there is no command %q; huoshui help lists them\n", name)
		return exitUsage
	}
	e.command = c
	err := c.run(ctx, e, args[1:])
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(e.stderr, "huoshui %s: %v\n", name, err)
		return exitUsage
	default:
		fmt.Fprintf(e.stderr, "huoshui %s: %v\n", name, err)
		return exitFail
	}
}

func help(w io.Writer, all map[string]command) {
	fmt.Fprint(w, "Huoshui keeps a brand's private domain running.\n\nUsage: huoshui COMMAND [arguments]\n\n")
	for _, name := range telemetry.Names(all) {
		fmt.Fprintf(w, "  %-9s %s\n", name, all[name].summary)
	}
	fmt.Fprint(w, "\nhuoshui help COMMAND says more. Settings: flags over HUOSHUI_* variables over a YAML file (--config).\n")
}

// flags is the flag set of one command: its own flags, and those of the configuration.
type flags struct {
	*flag.FlagSet
	settings *config.Flags
	env      *env
}

// newFlags begins a command's flags. Add the command's own, then call parse.
func newFlags(e *env, name string) *flags {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return &flags{FlagSet: fs, settings: config.Register(fs), env: e}
}

// parse reads args, in which flags and words may be mixed, and returns the words and the configuration. want is the
// number of words, or -1 for any.
func (f *flags) parse(args []string, want int) (words []string, cfg config.Config, err error) {
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				f.help()
				return nil, cfg, err
			}
			return nil, cfg, usageError{err}
		}
		rest := f.Args()
		if len(rest) == 0 {
			break
		}
		if i := len(args) - len(rest) - 1; i >= 0 && args[i] == "--" {
			words = append(words, rest...)
			break
		}
		words = append(words, rest[0])
		args = rest[1:]
	}
	if want >= 0 && len(words) != want {
		return nil, cfg, usagef("want %d argument(s), got %d: %s", want, len(words), strings.Join(words, " "))
	}
	cfg, err = f.settings.Resolve(f.env.environ)
	if err != nil {
		return nil, cfg, usageError{err}
	}
	return words, cfg, nil
}

func (f *flags) help() {
	c := f.env.command
	fmt.Fprintf(f.env.stdout, "%s\n\nUsage: huoshui %s %s\n\n", c.summary, f.Name(), c.usage)
	f.VisitAll(func(one *flag.Flag) {
		value := " VALUE"
		if b, ok := one.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			value = ""
		}
		fmt.Fprintf(f.env.stdout, "  --%-24s %s\n", one.Name+value, one.Usage)
	})
}

// formats a data command can answer in.
const (
	formatText = "text"
	formatJSON = "json"
	formatCSV  = "csv"
)

// formatFlag adds --json and --format to a data command and returns where the choice will be.
func (f *flags) formatFlag(allowed ...string) *string {
	chosen := formatText
	if len(allowed) > 0 && !slices.Contains(allowed, formatText) {
		chosen = allowed[0]
	}
	f.BoolFunc("json", "the same as --format json", func(string) error { chosen = formatJSON; return nil })
	f.Func("format", "answer as "+strings.Join(allowed, ", "), func(v string) error {
		if !slices.Contains(allowed, v) {
			return fmt.Errorf("want one of %s", strings.Join(allowed, ", "))
		}
		chosen = v
		return nil
	})
	return &chosen
}
