import java.io.File;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParser;
import org.apache.avro.compiler.specific.SpecificCompiler;
import org.apache.avro.generic.GenericData.StringType;

/** Writes Avro's specific record classes of schema files: {@code GenerateRecords <folder> <file>...}. */
final class GenerateRecords {
    private GenerateRecords() {}

    public static void main(String[] arguments) throws Exception {
        for (int at = 1; at < arguments.length; at++) {
            Schema schema = new SchemaParser().parse(new File(arguments[at])).mainSchema();
            SpecificCompiler compiler = new SpecificCompiler(schema);
            compiler.setStringType(StringType.String);
            compiler.compileToDestination(null, new File(arguments[0]));
        }
    }
}
