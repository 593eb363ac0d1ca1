// Package streamtest runs clusters of the stream's server on this machine, each server in a process of its own, so that
// tests can kill one as a power cut does.
package streamtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const nodeEnv = "HUOSHUI_TEST_NATS"

// node is what a server is told.
type node struct {
	Name    string
	Port    int
	Cluster int // port, 0 for a lone server
	Monitor int
	Routes  []string
	Dir     string
	Sync    bool
	Payload int32
}

// Serve makes this process a server where it was started as one, and then does not return. Call it first in TestMain.
func Serve() {
	text := os.Getenv(nodeEnv)
	if text == "" {
		return
	}
	var n node
	err := json.Unmarshal([]byte(text), &n)
	if err == nil {
		err = n.run()
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (n node) run() error {
	o := &server.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: n.Port, HTTPHost: "127.0.0.1", HTTPPort: n.Monitor,
		JetStream: true, StoreDir: n.Dir, SyncAlways: n.Sync, MaxPayload: n.Payload, NoSigs: true,
	}
	if n.Cluster != 0 {
		o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: n.Cluster}
		for _, r := range n.Routes {
			u, err := url.Parse(r)
			if err != nil {
				return err
			}
			o.Routes = append(o.Routes, u)
		}
	}
	srv, err := server.NewServer(o)
	if err != nil {
		return err
	}
	srv.SetLoggerV2(&lines{os.Stderr}, false, false, false)
	srv.Start()
	_, err = io.Copy(io.Discard, os.Stdin) // it ends with whoever started it
	return err
}

// lines writes a server's warnings and errors.
type lines struct{ to io.Writer }

func (l *lines) say(format string, v ...any)    { fmt.Fprintf(l.to, format+"\n", v...) }
func (l *lines) Noticef(string, ...any)         {}
func (l *lines) Debugf(string, ...any)          {}
func (l *lines) Tracef(string, ...any)          {}
func (l *lines) Warnf(format string, v ...any)  { l.say(format, v...) }
func (l *lines) Errorf(format string, v ...any) { l.say(format, v...) }
func (l *lines) Fatalf(format string, v ...any) { l.say(format, v...) }

// Cluster is servers that keep copies of one another's streams.
type Cluster struct {
	t     testing.TB
	nodes []node
	runs  []*exec.Cmd
}

// Options are what a cluster differs in.
type Options struct {
	Servers int   // 0 means 3
	Lax     bool  // servers do not sync every write
	Payload int32 // of a message, in bytes; 0 means 8 MB
}

// Start starts a cluster and waits until it answers. It ends with the test.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	if o.Servers == 0 {
		o.Servers = 3
	}
	if o.Payload == 0 {
		o.Payload = 8 << 20
	}
	c := &Cluster{t: t, runs: make([]*exec.Cmd, o.Servers)}
	ports := free(t, 3*o.Servers)
	for i := range o.Servers {
		n := node{Name: fmt.Sprint("n", i), Port: ports[3*i], Monitor: ports[3*i+2], Dir: filepath.Join(t.TempDir(), "js"), Sync: !o.Lax, Payload: o.Payload}
		if o.Servers > 1 {
			n.Cluster = ports[3*i+1]
			for j := range o.Servers {
				n.Routes = append(n.Routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[3*j+1]))
			}
		}
		c.nodes = append(c.nodes, n)
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.Kill(i)
		}
	})
	for i := range c.nodes {
		c.Restart(i)
	}
	c.wait("the cluster does not answer", func(ctx context.Context, js jetstream.JetStream) bool {
		_, err := js.AccountInfo(ctx)
		return err == nil
	})
	return c
}

// free returns ports that nobody listens on.
func free(t testing.TB, n int) []int {
	t.Helper()
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out
}

// Size is how many servers there are.
func (c *Cluster) Size() int { return len(c.nodes) }

// URL is where the cluster is reached, as the stream setting wants it.
func (c *Cluster) URL() string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, fmt.Sprintf("127.0.0.1:%d", n.Port))
	}
	return "nats://" + strings.Join(all, ",")
}

// Monitor is where the servers tell about themselves, separated by commas.
func (c *Cluster) Monitor() string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, fmt.Sprintf("http://127.0.0.1:%d", n.Monitor))
	}
	return strings.Join(all, ",")
}

// Kill ends a server's process at once; one that does not run stays so.
func (c *Cluster) Kill(i int) {
	if c.runs[i] == nil {
		return
	}
	_ = c.runs[i].Process.Kill()
	_ = c.runs[i].Wait()
	c.runs[i] = nil
}

// Restart starts a server that does not run, with what it kept.
func (c *Cluster) Restart(i int) {
	c.t.Helper()
	if c.runs[i] != nil {
		return
	}
	told, err := json.Marshal(c.nodes[i])
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(told))
	cmd.Stderr = io.Discard
	if testing.Verbose() {
		cmd.Stderr = os.Stderr
	}
	if _, err := cmd.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.runs[i] = cmd
}

// Leader is which server leads a stream; it waits until one does.
func (c *Cluster) Leader(stream string) int {
	c.t.Helper()
	leader := -1
	c.wait("no server leads "+stream, func(ctx context.Context, js jetstream.JetStream) bool {
		s, err := js.Stream(ctx, stream)
		if err != nil || s.CachedInfo().Cluster == nil {
			return false
		}
		for i, n := range c.nodes {
			if n.Name == s.CachedInfo().Cluster.Leader && c.runs[i] != nil {
				leader = i
			}
		}
		return leader >= 0
	})
	return leader
}

// Whole waits until every server has everything of a stream.
func (c *Cluster) Whole(stream string) { c.t.Helper(); c.copies(stream, true) }

// Noticed waits until the leader of a stream knows that a copy is not whole.
func (c *Cluster) Noticed(stream string) { c.t.Helper(); c.copies(stream, false) }

func (c *Cluster) copies(stream string, whole bool) {
	c.t.Helper()
	c.wait(fmt.Sprintf("copies of %s are not whole: %v, for a minute", stream, !whole), func(ctx context.Context, js jetstream.JetStream) bool {
		s, err := js.Stream(ctx, stream)
		if err != nil || s.CachedInfo().Cluster == nil || s.CachedInfo().Cluster.Leader == "" {
			return false
		}
		all := true
		for _, r := range s.CachedInfo().Cluster.Replicas {
			all = all && r.Current && !r.Offline
		}
		return all == whole
	})
}

// Do runs fn with a connection to the cluster.
func (c *Cluster) Do(fn func(ctx context.Context, js jetstream.JetStream) error) {
	c.t.Helper()
	conn, err := nats.Connect(c.URL(), nats.Timeout(time.Second))
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := fn(ctx, js); err != nil {
		c.t.Fatal(err)
	}
}

// wait asks until the answer is yes, for a minute.
func (c *Cluster) wait(what string, ok func(ctx context.Context, js jetstream.JetStream) bool) {
	c.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		conn, err := nats.Connect(c.URL(), nats.Timeout(time.Second))
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		js, err := jetstream.New(conn)
		yes := err == nil && ok(ctx, js)
		cancel()
		conn.Close()
		if yes {
			return
		}
	}
	c.t.Fatal(what)
}

// Raw is a connection to the embedded server's data.
type Raw struct {
	t      testing.TB
	server *server.Server
	conn   *nats.Conn
}

// Embedded opens the folder of an embedded server that does not run.
func Embedded(t testing.TB, dir string) *Raw {
	t.Helper()
	srv, err := server.NewServer(&server.Options{ServerName: "huoshui", DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true, MaxPayload: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not start")
	}
	conn, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	return &Raw{t, srv, conn}
}

// Do runs fn with a connection to the server.
func (r *Raw) Do(fn func(ctx context.Context, js jetstream.JetStream) error) {
	r.t.Helper()
	js, err := jetstream.New(r.conn)
	if err == nil {
		err = fn(context.Background(), js)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// Close stops the server.
func (r *Raw) Close() {
	r.conn.Close()
	r.server.Shutdown()
	r.server.WaitForShutdown()
}
