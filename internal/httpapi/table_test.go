package httpapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"huoshui/internal/platform/errs"
)

func TestReadTable(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("订单号,快递公司,快递单号\r\n260301000001,顺丰, SF1 \r\n\r\n260301000002,中通,=\"0012\"\r\n")
	if err != nil {
		t.Fatal(err)
	}
	header, rows, err := readTable(strings.NewReader(gbk), 10)
	want := []tableRow{{2, []string{"260301000001", "顺丰", "SF1"}}, {4, []string{"260301000002", "中通", "0012"}}}
	if err != nil || cmp.Diff([]string{"订单号", "快递公司", "快递单号"}, header) != "" || cmp.Diff(want, rows) != "" {
		t.Errorf("%q, %+v, %v", header, rows, err)
	}
	if _, _, err := readTable(strings.NewReader("a,b\n1,2\n3,4\n5,6\n"), 2); !errs.Is(err, errs.Invalid) {
		t.Errorf("more rows than may be: %v", err)
	}
	for name, text := range map[string]string{"nothing": "", "binary": "\x00\x01\x02\xff\xfe\x00", "a broken archive": "PK\x03\x04garbage"} {
		if _, _, err := readTable(strings.NewReader(text), 10); err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
