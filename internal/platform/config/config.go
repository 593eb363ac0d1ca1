// Package config says what a process runs with: flags over environment (HUOSHUI_*) over a YAML file over defaults.
// A name that nothing knows is an error wherever it appears, and what is printed never shows a secret.
package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Config is everything that can be set from outside. Zero values of engine addresses mean the embedded default.
type Config struct {
	Data            string // directory of everything that is kept; created with mode 0700
	Store           string // "" for SQLite in Data, or postgres://…
	Stream          string // "" for embedded NATS JetStream in Data, or nats://… of the servers of one cluster, separated by commas
	Warehouse       string // "" for DuckDB in Data, or a path to its file, or clickhouse://…
	Listen          string // host:port of the server; port 0 takes a free one
	PublicURL       string // how browsers and mail readers reach the server, no trailing slash; "" means http://<listen>
	Roles           []Role // what this process does
	LogFormat       string // "text" or "json"
	LogLevel        string // "debug", "info", "warn" or "error"
	MasterKey       string // base64 of 32 bytes that seal stored secrets; "" means the file master.key in Data
	WarehouseMemory int64  // bytes that DuckDB may use; 0 is the default, see WarehouseBytes
	Memory          int64  // bytes that Go aims to stay below; 0 is the default, see GoBytes
	TrustedProxy    bool   // believe X-Forwarded-For and X-Forwarded-Proto, for a server behind a reverse proxy
}

// Role is a part of the work that a process takes on.
type Role string

// The roles; the embedded engines run all of them in one process.
const (
	API       Role = "api"       // answers HTTP
	Worker    Role = "worker"    // imports, sends, loads the warehouse
	Scheduler Role = "scheduler" // starts what is due: refreshes, campaigns
)

// setting is one name: its flag, its YAML key and, in capitals after HUOSHUI_, its environment variable.
type setting struct {
	name   string
	usage  string
	secret bool // print only whether it is set
	get    func(*Config) string
	set    func(*Config, string) error
}

// settings is the table that flags, environment, file and print-out are all made from.
func settings() []setting {
	text := func(name, usage string, field func(*Config) *string) setting {
		return setting{
			name: name, usage: usage,
			get: func(c *Config) string { return *field(c) },
			set: func(c *Config, v string) error { *field(c) = v; return nil },
		}
	}
	oneOf := func(s setting, allowed ...string) setting {
		set := s.set
		s.set = func(c *Config, v string) error {
			if !slices.Contains(allowed, v) {
				return fmt.Errorf("%q is not one of %s", v, strings.Join(allowed, ", "))
			}
			return set(c, v)
		}
		return s
	}
	master := text("master-key", "base64 of the 32-byte key that seals stored secrets (default: the file master.key in the data directory)", func(c *Config) *string { return &c.MasterKey })
	master.secret = true
	return []setting{
		text("data", "directory of everything that is kept", func(c *Config) *string { return &c.Data }),
		text("store", "sqlite (in the data directory, the default) or postgres://…", func(c *Config) *string { return &c.Store }),
		text("stream", "nats://host:port,host:port,… of one cluster (default: embedded, in the data directory)", func(c *Config) *string { return &c.Stream }),
		text("warehouse", "path of the DuckDB file, or clickhouse://host:port/database, with more host:port for more shards (default: a file in the data directory)", func(c *Config) *string { return &c.Warehouse }),
		text("listen", "host:port to serve on; port 0 takes a free one", func(c *Config) *string { return &c.Listen }),
		text("public-url", "how browsers and mail readers reach the server (default: http://<listen>)", func(c *Config) *string { return &c.PublicURL }),
		{
			name: "roles", usage: "what this process does: api, worker, scheduler",
			get: func(c *Config) string {
				var names []string
				for _, r := range c.Roles {
					names = append(names, string(r))
				}
				return strings.Join(names, ",")
			},
			set: func(c *Config, v string) error {
				c.Roles = nil
				for part := range strings.SplitSeq(v, ",") {
					role := Role(strings.TrimSpace(part))
					if role != API && role != Worker && role != Scheduler {
						return fmt.Errorf("%q is not one of api, worker, scheduler", part)
					}
					if !slices.Contains(c.Roles, role) {
						c.Roles = append(c.Roles, role)
					}
				}
				return nil
			},
		},
		oneOf(text("log-format", "text or json", func(c *Config) *string { return &c.LogFormat }), "text", "json"),
		oneOf(text("log-level", "debug, info, warn or error", func(c *Config) *string { return &c.LogLevel }), "debug", "info", "warn", "error"),
		master,
		memorySetting("warehouse-memory", "how much memory DuckDB may use, like 512MB or 2GB (default: a quarter of the machine's or its control group's, from 512MB to 4GB)",
			func(c *Config) *int64 { return &c.WarehouseMemory }, Config.WarehouseBytes),
		memorySetting("memory", "how much memory the process itself aims to stay below, beside DuckDB's (default: GOMEMLIMIT, or half of the machine's or its control group's)",
			func(c *Config) *int64 { return &c.Memory }, Config.GoBytes),
		{
			name: "trusted-proxy", usage: "true when a reverse proxy in front sets X-Forwarded-For and X-Forwarded-Proto",
			get: func(c *Config) string { return fmt.Sprint(c.TrustedProxy) },
			set: func(c *Config, v string) error {
				if v != "true" && v != "false" {
					return fmt.Errorf("%q is not true or false", v)
				}
				c.TrustedProxy = v == "true"
				return nil
			},
		},
	}
}

// Default returns the configuration of a laptop with nothing set.
func Default() Config {
	return Config{
		Data:      "./data",
		Listen:    "127.0.0.1:8080",
		Roles:     []Role{API, Worker, Scheduler},
		LogFormat: "text",
		LogLevel:  "info",
	}
}

// Flags are the command-line flags of one command, still to be resolved against environment and file.
type Flags struct {
	file  string
	given []pair
}

type pair struct{ name, value string }

// Register adds --config and a flag for every setting to fs; call Resolve after fs.Parse.
func Register(fs *flag.FlagSet) *Flags {
	f := &Flags{}
	fs.StringVar(&f.file, "config", "", "YAML file of settings (environment: HUOSHUI_CONFIG)")
	for _, s := range settings() {
		remember := func(v string) error {
			f.given = append(f.given, pair{s.name, v})
			return nil
		}
		if s.name == "trusted-proxy" {
			fs.BoolFunc(s.name, s.usage, remember)
			continue
		}
		fs.Func(s.name, s.usage, remember)
	}
	return f
}

// Resolve returns defaults, overlaid by the file, the environment ("NAME=value" pairs, as os.Environ) and the flags.
func (f *Flags) Resolve(environ []string) (Config, error) {
	c := Default()
	known := map[string]setting{}
	for _, s := range settings() {
		known[s.name] = s
	}
	env, file, err := readEnvironment(environ, known)
	if err != nil {
		return Config{}, err
	}
	if f.file != "" {
		file = f.file
	}
	if file != "" {
		if err := c.applyFile(file, known); err != nil {
			return Config{}, err
		}
	}
	for name, v := range env {
		if err := known[name].set(&c, v); err != nil {
			return Config{}, fmt.Errorf("environment %s: %w", envName(name), err)
		}
	}
	for _, p := range f.given {
		if err := known[p.name].set(&c, p.value); err != nil {
			return Config{}, fmt.Errorf("flag --%s: %w", p.name, err)
		}
	}
	return c, c.validate()
}

func envName(name string) string {
	return "HUOSHUI_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// readEnvironment picks the HUOSHUI_ variables. Those that start with HUOSHUI_TEST_ belong to the tests.
func readEnvironment(environ []string, known map[string]setting) (values map[string]string, file string, err error) {
	values = map[string]string{}
	names := map[string]string{}
	for name := range known {
		names[envName(name)] = name
	}
	for _, kv := range environ {
		key, value, _ := strings.Cut(kv, "=")
		switch {
		case !strings.HasPrefix(key, "HUOSHUI_"), strings.HasPrefix(key, "HUOSHUI_TEST_"):
		case key == "HUOSHUI_CONFIG":
			file = value
		case names[key] == "":
			return nil, "", fmt.Errorf("environment %s: there is no such setting", key)
		default:
			values[names[key]] = value
		}
	}
	return values, file, nil
}

// applyFile overlays a YAML mapping of setting name → scalar (roles may be a list).
func (c *Config) applyFile(path string, known map[string]setting) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(raw, &root); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(root.Content) == 0 {
		return nil
	}
	mapping := root.Content[0]
	if mapping.Kind != yaml.MappingNode {
		return fmt.Errorf("%s: want a mapping of settings", path)
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, node := mapping.Content[i], mapping.Content[i+1]
		s, ok := known[key.Value]
		if !ok {
			return fmt.Errorf("%s:%d: there is no setting %q", path, key.Line, key.Value)
		}
		value := node.Value
		if node.Kind == yaml.SequenceNode {
			var items []string
			for _, item := range node.Content {
				items = append(items, item.Value)
			}
			value = strings.Join(items, ",")
		} else if node.Kind != yaml.ScalarNode {
			return fmt.Errorf("%s:%d: %s wants one value", path, node.Line, key.Value)
		}
		if err := s.set(c, value); err != nil {
			return fmt.Errorf("%s:%d: %s: %w", path, node.Line, key.Value, err)
		}
	}
	return nil
}

func (c *Config) validate() error {
	if c.Data == "" {
		return errors.New("data: want a directory")
	}
	if c.Store == "sqlite" {
		c.Store = ""
	}
	if c.Store != "" && !strings.HasPrefix(c.Store, "postgres://") && !strings.HasPrefix(c.Store, "postgresql://") {
		return errors.New("store: want postgres://user@host/database, or nothing for SQLite in the data directory")
	}
	if c.Stream != "" && !strings.HasPrefix(c.Stream, "nats://") && !strings.HasPrefix(c.Stream, "tls://") {
		return errors.New("stream: want nats://host:port, or nothing for the embedded one")
	}
	if strings.Contains(c.Warehouse, "://") && !strings.HasPrefix(c.Warehouse, "clickhouse://") {
		return errors.New("warehouse: want clickhouse://host:port/database, the path of a file, or nothing for a file in the data directory")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen: want host:port: %w", err)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return errors.New("public-url: want http(s)://host")
		}
		c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	}
	return nil
}

// Has reports whether the process takes on the role.
func (c Config) Has(role Role) bool { return slices.Contains(c.Roles, role) }

// Path returns where in the data directory a named file or directory lives.
func (c Config) Path(name ...string) string {
	return filepath.Join(append([]string{c.Data}, name...)...)
}

// BaseURL returns the public URL, or http://addr for a server that listens on addr.
func (c Config) BaseURL(addr string) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Print writes every setting in file form, passwords and keys masked.
func (c Config) Print(w io.Writer) error {
	values := c.Masked()
	for _, s := range settings() {
		if _, err := fmt.Fprintf(w, "%s: %s\n", s.name, values[s.name]); err != nil {
			return err
		}
	}
	return nil
}

// Masked returns every setting by name as text, passwords and keys replaced by asterisks.
func (c Config) Masked() map[string]string {
	values := map[string]string{}
	for _, s := range settings() {
		v := s.get(&c)
		switch {
		case s.secret && v != "":
			v = "********"
		case strings.Contains(v, "://"):
			parts := strings.Split(v, ",") // a list of servers; a comma in another URL stays where it is
			for i, part := range parts {
				if strings.Contains(part, "://") {
					parts[i] = maskURL(part)
				} else {
					parts[i] = strings.TrimPrefix(maskURL("any://"+part), "any://")
				}
			}
			v = strings.Join(parts, ",")
		}
		values[s.name] = v
	}
	return values
}

// maskURL hides the password of a URL, and every query value whose name looks like a secret.
func maskURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "********" // unreadable: nothing of it is known to be safe
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "********")
	}
	q := u.Query()
	for name := range q {
		lower := strings.ToLower(name)
		if strings.Contains(lower, "pass") || strings.Contains(lower, "token") || strings.Contains(lower, "key") {
			q.Set(name, "********")
		}
	}
	u.RawQuery = q.Encode()
	return strings.ReplaceAll(u.String(), "%2A", "*")
}
