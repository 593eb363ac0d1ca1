package config

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestMemoryThere(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	machine := file("MemTotal:        8388608 kB\nMemFree: 1 kB\n")
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  int64
	}{
		"nothing is known":        {fstest.MapFS{}, 4 << 30},
		"a machine":               {fstest.MapFS{"proc/meminfo": machine}, 8 << 30},
		"garbage":                 {fstest.MapFS{"proc/meminfo": file("MemTotal: many kB\nMemTotal:"), "sys/fs/cgroup/memory.max": file("x"), "proc/self/cgroup": file("0\n::\n")}, 4 << 30},
		"a container":             {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("2147483648\n")}, 2 << 30},
		"a container without one": {fstest.MapFS{"proc/meminfo": machine, "sys/fs/cgroup/memory.max": file("max\n")}, 8 << 30},
		"a service within a slice": {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("0::/a.slice/b.service\n"),
			"sys/fs/cgroup/a.slice/memory.max": file("1073741824\n"), "sys/fs/cgroup/a.slice/b.service/memory.max": file("max\n")}, 1 << 30},
		"version 1":           {fstest.MapFS{"proc/meminfo": machine, "proc/self/cgroup": file("5:memory:/docker/x\n"), "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": file("3221225472\n")}, 3 << 30},
		"version 1, no bound": {fstest.MapFS{"proc/meminfo": machine, "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n")}, 8 << 30},
	} {
		if got := memoryThere(c.files); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestMemoryIsSet(t *testing.T) {
	c, err := resolve(t, []string{"--warehouse-memory", "3GB"}, []string{"HUOSHUI_WAREHOUSE_MEMORY=1GB", "HUOSHUI_MEMORY=700 mb"})
	if err != nil || c.WarehouseBytes() != 3<<30 || c.GoBytes() != 700<<20 {
		t.Fatal(c.WarehouseBytes(), c.GoBytes(), err)
	}
	var out strings.Builder
	if err := c.Print(&out); err != nil || !strings.Contains(out.String(), "warehouse-memory: 3072MB\n") || !strings.Contains(out.String(), "\nmemory: 700MB\n") {
		t.Fatal(out.String(), err)
	}
	for _, wrong := range []string{"3", "1MB", "-2GB", "2TB", "GB", "99999999999999999999GB", "9999999999GB"} {
		if _, err := resolve(t, []string{"--memory", wrong}, nil); err == nil || !strings.Contains(err.Error(), "memory") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	t.Setenv("GOMEMLIMIT", "")
	least, err := resolve(t, nil, nil)
	if err != nil || least.WarehouseBytes() < 512<<20 || least.WarehouseBytes() > 4<<30 || least.GoBytes() < 512<<20 {
		t.Fatal(least.WarehouseBytes(), least.GoBytes(), err)
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	if least.GoBytes() != 0 || c.GoBytes() != 700<<20 {
		t.Fatal("what Go is told itself counts for nothing")
	}
}
