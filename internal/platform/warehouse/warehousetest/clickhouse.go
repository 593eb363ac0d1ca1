package warehousetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/platform/warehouse"
)

// ClickHouse is throwaway servers of Debian's package clickhouse-server, each a shard of one cluster.
type ClickHouse struct {
	hosts []string
	dir   string
	all   []*exec.Cmd
}

// StartClickHouse starts servers in a temporary folder on free ports, or skips where the package is not installed. They
// know each other as the cluster huoshui.
func StartClickHouse(shards int) (*ClickHouse, error) {
	binary, err := exec.LookPath("clickhouse-server")
	if err != nil {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "huoshui-clickhouse-")
	if err != nil {
		return nil, err
	}
	c := &ClickHouse{dir: dir}
	ports, err := freePorts(2 * shards)
	if err != nil {
		return nil, err
	}
	var cluster strings.Builder
	for i := range shards {
		fmt.Fprintf(&cluster, "<shard><replica><host>127.0.0.1</host><port>%d</port></replica></shard>", ports[2*i+1])
	}
	for i := range shards {
		home := filepath.Join(dir, fmt.Sprint(i))
		if err := os.MkdirAll(home, 0o700); err != nil {
			return nil, err
		}
		config := strings.NewReplacer("{home}", home, "{http}", fmt.Sprint(ports[2*i]), "{tcp}", fmt.Sprint(ports[2*i+1]), "{cluster}", cluster.String()).Replace(serverConfig)
		if err := os.WriteFile(filepath.Join(home, "config.xml"), []byte(config), 0o600); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(home, "users.xml"), []byte(usersConfig), 0o600); err != nil {
			return nil, err
		}
		cmd := exec.Command(binary, "--config-file="+filepath.Join(home, "config.xml"))
		cmd.Dir = home
		out := &bytes.Buffer{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			c.Stop()
			return nil, err
		}
		c.all = append(c.all, cmd)
		host := fmt.Sprintf("127.0.0.1:%d", ports[2*i])
		c.hosts = append(c.hosts, host)
	}
	for i, host := range c.hosts {
		if err := answers(host); err != nil {
			log, _ := os.ReadFile(filepath.Join(dir, fmt.Sprint(i), "err")) // it may not have come so far
			c.Stop()
			return nil, fmt.Errorf("clickhouse-server: %w\n%s", err, log)
		}
	}
	return c, nil
}

// answers waits until a server does.
func answers(host string) error {
	var err error
	for range 300 {
		var res *http.Response
		if res, err = http.Get("http://" + host + "/ping"); err == nil {
			return res.Body.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// freePorts are ports that nobody listens on now.
func freePorts(n int) ([]int, error) {
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:errcheck // it was only asked for its port
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out, nil
}

// Stop kills the servers and removes what they wrote.
func (c *ClickHouse) Stop() {
	for _, cmd := range c.all {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	_ = os.RemoveAll(c.dir)
}

var databases atomic.Uint64

// Address is that of a new, empty warehouse.
func (c *ClickHouse) Address() string {
	return fmt.Sprintf("clickhouse://%s/test_%d_%d", strings.Join(c.hosts, ","), os.Getpid(), databases.Add(1))
}

// servers are started once in a process, by how many shards there are.
var servers struct {
	sync.Mutex
	started map[int]*ClickHouse
}

// ClickHouseServers are the servers that the tests of a package share, or a reason to skip where the package clickhouse-server is not
// installed. TestMain calls StopClickHouse in the end.
func ClickHouseServers(t testing.TB, shards int) *ClickHouse {
	t.Helper()
	servers.Lock()
	defer servers.Unlock()
	c, ok := servers.started[shards]
	if !ok {
		var err error
		if c, err = StartClickHouse(shards); err != nil {
			t.Fatal(err)
		}
		if servers.started == nil {
			servers.started = map[int]*ClickHouse{}
		}
		servers.started[shards] = c
	}
	if c == nil {
		t.Skip("there is no clickhouse-server here: apt-get install clickhouse-server")
	}
	return c
}

// StopClickHouse stops what ClickHouseServers started; for TestMain.
func StopClickHouse() {
	servers.Lock()
	defer servers.Unlock()
	for _, c := range servers.started {
		if c != nil {
			c.Stop()
		}
	}
	servers.started = nil
}

// OpenClickHouse opens the warehouse of an address and closes it when the test ends.
func OpenClickHouse(t testing.TB, address string) *warehouse.Warehouse {
	t.Helper()
	w, err := warehouse.Open(context.Background(), warehouse.Config{Path: address}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// Each runs a test on an empty warehouse of every engine: DuckDB, and ClickHouse on one server and as two shards.
func Each(t *testing.T, test func(t *testing.T, w *warehouse.Warehouse)) {
	t.Run("duckdb", func(t *testing.T) { test(t, Open(t)) })
	t.Run("clickhouse", func(t *testing.T) { test(t, OpenClickHouse(t, ClickHouseServers(t, 1).Address())) })
	t.Run("clickhouse shards", func(t *testing.T) { test(t, OpenClickHouse(t, ClickHouseServers(t, 2).Address())) })
}

const serverConfig = `<?xml version="1.0"?>
<yandex>
	<logger><level>warning</level><log>{home}/log</log><errorlog>{home}/err</errorlog><size>10M</size><count>1</count></logger>
	<http_port>{http}</http_port>
	<tcp_port>{tcp}</tcp_port>
	<listen_host>127.0.0.1</listen_host>
	<max_connections>256</max_connections>
	<keep_alive_timeout>3</keep_alive_timeout>
	<uncompressed_cache_size>0</uncompressed_cache_size>
	<mark_cache_size>67108864</mark_cache_size>
	<path>{home}/data/</path>
	<tmp_path>{home}/tmp/</tmp_path>
	<user_files_path>{home}/files/</user_files_path>
	<format_schema_path>{home}/schemas/</format_schema_path>
	<users_config>users.xml</users_config>
	<default_profile>default</default_profile>
	<default_database>default</default_database>
	<remote_servers><huoshui>{cluster}</huoshui></remote_servers>
</yandex>
`

const usersConfig = `<?xml version="1.0"?>
<yandex>
	<profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles>
	<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
	<quotas><default></default></quotas>
</yandex>
`
