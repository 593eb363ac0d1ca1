package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"huoshui/internal/data/importing"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
)

// maxUpload is how large an uploaded file may be, in bytes.
const maxUpload = 2 << 30

// importView is an import with its result, which the import computes from its two passes.
type importView struct {
	importing.Import
	Result importing.Counts `json:"result" doc:"What was done so far; the final word when the status is done"`
}

func viewOf(i importing.Import) importView { return importView{i, i.Result()} }

// importMapping says what columns mean.
type importMapping struct {
	Columns map[string]int `json:"columns" doc:"Field → column, from 0"`
}

// importConfiguration is how a file is to be read and what its columns mean.
type importConfiguration struct {
	Format *files.Format  `json:"format,omitempty" doc:"Left out: as detected"`
	Spec   importing.Spec `json:"spec"`
}

// importChoices is what a person may choose from when she maps a file.
type importChoices struct {
	Presets []importing.Preset `json:"presets"`
	Fields  []importing.Field  `json:"fields"`
}

// registerImport: files of customers and orders, from upload to result.
func registerImport(a *API) {
	type ByID struct {
		ID string `path:"id" maxLength:"64"`
	}
	get(a, "/api/v1/imports", "list_imports", staff.ImportsRead, func(ctx context.Context, in *Paging) (Page[importView], error) {
		items, next, err := a.Services.Imports.List(ctx, in.After, in.Limit)
		views := make([]importView, len(items))
		for i, item := range items {
			views[i] = viewOf(item)
		}
		return PageOf(views, next, -1), err
	}, summary("Imports, newest first"))

	raw(a, http.MethodPost, "/api/v1/imports", "upload_import", staff.ImportsWrite, "application/json", func(w http.ResponseWriter, r *http.Request) error {
		imp, err := a.Services.Imports.Upload(r.Context(), r.URL.Query().Get("target"), r.URL.Query().Get("name"), r.Body, auth.From(r.Context()).ID)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		return json.NewEncoder(w).Encode(viewOf(imp))
	}, summary("Upload a file: the body is the file"), param("target", "What is in it: orders or customers"), param("name", "What the file is called"), maxBody(maxUpload), status(http.StatusCreated))

	get(a, "/api/v1/imports/{id}", "get_import", staff.ImportsRead, func(ctx context.Context, in *ByID) (importView, error) {
		imp, err := a.Services.Imports.Get(ctx, in.ID)
		return viewOf(imp), err
	}, summary("One import, with its progress or result"))

	get(a, "/api/v1/imports/{id}/preview", "preview_import", staff.ImportsRead, func(ctx context.Context, in *ByID) (importing.Preview, error) {
		return a.Services.Imports.Preview(ctx, in.ID)
	}, summary("The first rows of the file"))

	type choices struct {
		Target string `query:"target" enum:"orders,customers" required:"true"`
	}
	get(a, "/api/v1/import-choices", "list_import_choices", staff.ImportsRead, func(_ context.Context, in *choices) (importChoices, error) {
		return importChoices{importing.Presets(), importing.FieldsOf(in.Target)}, nil
	}, summary("Presets, and the fields a column can mean"))

	type guess struct {
		ID     string `path:"id" maxLength:"64"`
		Preset string `query:"preset" maxLength:"40" required:"true"`
	}
	get(a, "/api/v1/imports/{id}/guess", "guess_import", staff.ImportsRead, func(ctx context.Context, in *guess) (importMapping, error) {
		found, err := a.Services.Imports.Guess(ctx, in.ID, in.Preset)
		return importMapping{found}, err
	}, summary("The mapping a preset suggests for the file"))

	type configure struct {
		ID   string `path:"id" maxLength:"64"`
		Body importConfiguration
	}
	put(a, "/api/v1/imports/{id}", "configure_import", staff.ImportsWrite, func(ctx context.Context, in *configure) (importView, error) {
		var format files.Format
		if in.Body.Format != nil {
			format = *in.Body.Format
		}
		imp, err := a.Services.Imports.Configure(ctx, in.ID, format, in.Body.Spec)
		return viewOf(imp), err
	}, summary("Set format and mapping, before it is started"))

	type reformat struct {
		ID   string `path:"id" maxLength:"64"`
		Body files.Format
	}
	put(a, "/api/v1/imports/{id}/format", "reformat_import", staff.ImportsWrite, func(ctx context.Context, in *reformat) (importView, error) {
		imp, err := a.Services.Imports.Reformat(ctx, in.ID, in.Body)
		return viewOf(imp), err
	}, summary("Read the file another way; its mapping is guessed anew"))

	post(a, "/api/v1/imports/{id}/dry-run", "try_import", staff.ImportsWrite, func(ctx context.Context, in *ByID) (importing.DryRun, error) {
		return a.Services.Imports.DryRun(ctx, in.ID)
	}, summary("Say what starting would do, without doing it"))

	post(a, "/api/v1/imports/{id}/start", "start_import", staff.ImportsWrite, func(ctx context.Context, in *ByID) (importView, error) {
		imp, err := a.Services.Imports.Start(ctx, in.ID)
		return viewOf(imp), err
	}, summary("Take the file in"))

	post(a, "/api/v1/imports/{id}/cancel", "cancel_import", staff.ImportsWrite, func(ctx context.Context, in *ByID) (importView, error) {
		imp, err := a.Services.Imports.Cancel(ctx, in.ID)
		return viewOf(imp), err
	}, summary("Stop at the end of the current batch; what was taken in stays"))

	del(a, "/api/v1/imports/{id}", "delete_import", staff.ImportsWrite, func(ctx context.Context, in *ByID) (None, error) {
		return None{}, a.Services.Imports.Delete(ctx, in.ID)
	}, summary("Forget the file and the record of its import; orders and customers stay"))

	raw(a, http.MethodGet, "/api/v1/imports/{id}/rejects", "download_rejects", staff.ImportsRead, "text/csv", func(w http.ResponseWriter, r *http.Request) error {
		f, name, err := a.Services.Imports.Rejects(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // read only: nothing can be lost
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		if _, err := io.Copy(w, f); err != nil {
			return errs.Wrap(errs.Unavailable, "import.download", err)
		}
		return nil
	}, summary("The lines that did not go, with row, column and reason, to be fixed and imported again"))
}
