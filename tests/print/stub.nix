# What the module uses of nixpkgs, and the merging of its options with values: enough to evaluate it without nixpkgs.
# A type is what checks a value; a value that no type takes is an error, as with the real one.
{ module, values }:
let
  inherit (builtins) all attrNames attrValues concatStringsSep elem filter isAttrs isBool isInt isList isString length listToAttrs mapAttrs split;
  lib = {
    mkOption = declaration: { isOption = true; } // declaration;
    mkEnableOption = what: lib.mkOption { type = lib.types.bool; default = false; description = what; };
    mkIf = condition: content: { isIf = true; inherit condition content; };
    filterAttrs = keep: set: listToAttrs (map (name: { inherit name; value = set.${name}; }) (filter (name: keep name set.${name}) (attrNames set)));
    last = list: builtins.elemAt list (length list - 1);
    splitString = separator: text: filter isString (split separator text);
    toInt = builtins.fromJSON;
    types = {
      bool = isBool;
      str = isString;
      path = value: isString value && builtins.substring 0 1 value == "/";
      package = isAttrs;
      port = value: isInt value && value >= 0 && value <= 65535;
      ints.positive = value: isInt value && value > 0;
      enum = choices: value: elem value choices;
      anything = value: true;
      either = one: other: value: one value || other value;
      listOf = inner: value: isList value && all inner value;
      attrsOf = inner: value: isAttrs value && all inner (attrValues value);
      nullOr = inner: value: value == null || inner value;
      submodule = content: content;
    };
  };
  # Declared options with their values, or their defaults; what is given without being declared is an error.
  fill = path: options: given:
    let unknown = filter (name: !(options ? ${name})) (attrNames given);
    in if unknown != [ ] then throw "${path}: no such option: ${concatStringsSep ", " unknown}"
    else mapAttrs (name: option:
      let here = "${path}.${name}";
      in if !(option ? isOption) then fill here option (given.${name} or { })
      else let value = given.${name} or option.default or (throw "${here}: no value");
      in if option.type value then value else throw "${here}: not of its type") options;
  # The content of true conditions; false ones leave nothing.
  settle = value:
    if !(isAttrs value) then value
    else if value ? isIf then settle value.content
    else mapAttrs (name: settle) (lib.filterAttrs (name: inner: !(isAttrs inner && inner ? isIf && !inner.condition)) value);
  result = module {
    inherit lib;
    # A file whose path says what is in it.
    pkgs.writeText = name: text: { outPath = "${name}:${text}"; };
    config.services.prometheus.exporters.dnstt = filled;
  };
  filled = fill "dnstt" result.options.services.prometheus.exporters.type.options.dnstt ({ package.outPath = "/package"; } // values);
in
if !result.config.condition then { } else settle result.config
